/** `<ti-board-tile .widget=${widget}>`: one widget on a board and, while editing, its handles. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import type { Widget } from "../gateway/records";
import { t } from "../words/language";
import { KINDS, title } from "./kinds";

const { live } = connection();

export type Handle = "move" | "size";

/** A pointer or a key on a handle, for the grid that knows the places. */
export interface Handled {
  id: string;
  handle: Handle;
  event: PointerEvent | KeyboardEvent;
}

const icon = (path: string): TemplateResult =>
  html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d=${path} /></svg>`;

const MOVE = icon("M8 1v14M1 8h14M8 1 6 3M8 1l2 2M8 15l-2-2M8 15l2-2M1 8l2-2M1 8l2 2M15 8l-2-2M15 8l-2 2");
const BIND = icon("m10 3 3 3-8 8H2v-3l8-8Z");
const REMOVE = icon("m3 3 10 10M13 3 3 13");
const SIZE = icon("M14 6v8H6M14 14 8 8");

@customElement("ti-board-tile")
export class TiBoardTile extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; min-width: 0; min-height: 0; }
      article.card {
        position: relative; display: flex; flex-direction: column; height: 100%; padding: 0;
        overflow: hidden;
      }
      .widget { flex: 1; min-height: 0; padding: var(--ti-space-4); overflow: auto; }
      .editing .widget { padding: var(--ti-space-1) var(--ti-space-4) 0; overflow: hidden; }
      .whose {
        padding: var(--ti-space-2) var(--ti-space-4) 0; margin-bottom: calc(-1 * var(--ti-space-4));
        overflow-wrap: anywhere;
      }
      article.editing { border-style: dashed; border-color: var(--ti-accent); }
      .bar {
        display: flex; align-items: center; gap: var(--ti-space-1); padding: var(--ti-space-1);
        background: var(--ti-sunken);
      }
      .bar span {
        flex: 1; overflow: hidden; font-size: var(--ti-text-s); text-overflow: ellipsis;
        white-space: nowrap;
      }
      .bar button, .size { display: grid; place-content: center; width: 2.25rem; padding: 0; }
      svg { width: 1rem; height: 1rem; }
      path {
        fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round;
        stroke-linejoin: round;
      }
      .move { touch-action: none; cursor: grab; }
      .size { position: absolute; right: 0; bottom: 0; touch-action: none; cursor: nwse-resize; }
      :host([lifted]) article {
        border-style: solid; outline: 2px solid var(--ti-accent);
        box-shadow: 0 8px 24px rgb(0 0 0 / 20%);
      }
      .unknown {
        display: grid; gap: var(--ti-space-2); align-content: center; height: 100%;
        text-align: center;
      }
    `,
  ];

  @property({ attribute: false }) widget!: Widget;
  @property({ type: Boolean }) editing = false;

  constructor() {
    super();
    new Watching(this, live.meters);
  }

  override render(): TemplateResult {
    const name = title(this.widget);
    return html`<article class="card ${this.editing ? "editing" : ""}" aria-label=${name}>
      ${this.editing
        ? html`<div class="bar">
            ${this.#handle("move", MOVE, t("tileMove", { name }), t("tileMoveHow"))}
            <span>${name}</span>
            ${this.#button("bind", BIND, t("tileBind", { name }), t("tileBindShort"))}
            ${this.#button("remove", REMOVE, t("tileRemove", { name }), t("tileRemoveShort"))}
          </div>`
        : this.#whose()}
      <div
        class="widget"
        role="group"
        aria-label=${name}
        tabindex=${this.editing ? nothing : "0"}
        ?inert=${this.editing}
      >
        ${this.#drawn()}
      </div>
      ${this.editing ? this.#handle("size", SIZE, t("tileSize", { name }), t("tileSizeHow")) : nothing}
    </article>`;
  }

  /** Put the focus back on a handle after the tile has changed its place. */
  focusOn(handle: Handle): void {
    this.renderRoot.querySelector<HTMLElement>(`.${handle}`)?.focus({ preventScroll: true });
    this.scrollIntoView({ block: "nearest" });
  }

  /** Which meter it is bound to, where there are several. */
  #whose(): TemplateResult | typeof nothing {
    const meters = live.meters.value;
    const name = this.widget.meter || (meters.keys().next().value ?? "");
    return meters.size < 2 ? nothing : html`<p class="whose soft">${name}</p>`;
  }

  #drawn(): TemplateResult {
    const kind = KINDS[this.widget.kind];
    if (kind) return kind.draw(this.widget);
    return html`<div class="unknown">
      <strong>${t("kindUnknown", { kind: this.widget.kind })}</strong>
      <p class="soft">${t("kindUnknownKept")}</p>
    </div>`;
  }

  #handle(handle: Handle, drawn: TemplateResult, label: string, how: string): TemplateResult {
    const told = (event: PointerEvent | KeyboardEvent): void => {
      const detail: Handled = { id: this.widget.id, handle, event };
      this.dispatchEvent(new CustomEvent("handled", { detail }));
    };
    return html`<button class=${handle} aria-label=${label} title=${how} @pointerdown=${told} @keydown=${told}>
      ${drawn}
    </button>`;
  }

  #button(what: "bind" | "remove", drawn: TemplateResult, label: string, short: string): TemplateResult {
    const told = (): void => {
      this.dispatchEvent(new CustomEvent(what, { detail: this.widget.id }));
    };
    return html`<button aria-label=${label} title=${short} @click=${told}>${drawn}</button>`;
  }
}

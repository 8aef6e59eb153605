/**
 * `<ti-board-grid .widgets=${widgets} ?editing>`: the widgets of a board in their places.
 *
 * Twelve columns where there is room, else two or one in the order of reading. Tells `change`
 * (the widgets as they are then) and `bind` (the name of the widget).
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { TiElement, shared } from "../base/element";
import type { Widget } from "../gateway/records";
import { t } from "../words/language";
import { COLUMNS, GAP_PX, ROW_PX, type Place } from "./board";
import type { Handle, Handled, TiBoardTile } from "./board-tile";
import { title } from "./kinds";
import { exchanged, inOrder, nudged, placed, tidied } from "./layout";
import "./board-tile";

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const AGAIN_MS = 40;
const EDGE_PX = 48; // the page scrolls while something is held so near to its edge

/** A widget that is held: where the pointer took it, and the place it had. */
interface Held {
  id: string;
  handle: Handle;
  x: number;
  y: number;
  place: Place;
}

@customElement("ti-board-grid")
export class TiBoardGrid extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; container-type: inline-size; }
      .grid { display: grid; gap: ${GAP_PX}px; grid-template-columns: minmax(0, 1fr); }
      ti-board-tile { order: var(--order); min-height: calc(var(--h) * ${ROW_PX / 2}px); }
      @container (min-width: 38rem) {
        .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); }
        ti-board-tile.broad { grid-column: span 2; }
      }
      @container (min-width: 60rem) {
        .grid { grid-auto-rows: ${ROW_PX}px; grid-template-columns: repeat(12, minmax(0, 1fr)); }
        ti-board-tile, ti-board-tile.broad {
          grid-column: var(--x) / span var(--w); grid-row: var(--y) / span var(--h);
        }
      }
    `,
  ];

  @property({ attribute: false }) widgets: readonly Widget[] = [];
  @property({ type: Boolean }) editing = false;

  /** What is shown while a widget is held; the board changes when it is let go. */
  @state() private preview: readonly Widget[] | undefined;
  @state() private said = "";

  #held: Held | undefined;
  /** Moved by a key: its handle has the focus again when it is in its new place. */
  #moved: { id: string; handle: Handle } | undefined;

  protected override willUpdate(): void {
    const place = this.#moved && tidied(this.widgets).find((one) => one.id === this.#moved?.id);
    if (!place) return;
    const { x, y, w, h } = place;
    this.said = t("tilePlace", { name: title(place), column: x + 1, row: y + 1, w, h });
  }

  protected override updated(): void {
    const moved = this.#moved;
    this.#moved = undefined;
    if (moved) this.#tile(moved.id)?.focusOn(moved.handle);
  }

  override render(): TemplateResult {
    // Elements stay in the order of the board: one that is held must not leave its place in the
    // document, or the pointer would be lost. What is seen goes by the preview. The property `style`
    // is set and not the attribute, which the Content-Security-Policy forbids.
    const elements = inOrder(tidied(this.widgets));
    const places = new Map(inOrder(this.preview ?? elements).map((one, order) => [one.id, { ...one, order }]));
    return html`
      <div class="grid">
        ${repeat(
          elements,
          (widget) => widget.id,
          (widget) => {
            const { x, y, w, h, order } = places.get(widget.id) ?? { ...widget, order: 0 };
            return html`<ti-board-tile
              data-id=${widget.id}
              class=${w > COLUMNS / 2 ? "broad" : ""}
              .style=${`--x: ${x + 1}; --y: ${y + 1}; --w: ${w}; --h: ${h}; --order: ${order}`}
              .widget=${widget}
              ?editing=${this.editing}
              ?lifted=${this.#held?.id === widget.id}
              @handled=${this.#handled}
              @remove=${this.#remove}
              @bind=${this.#bind}
            ></ti-board-tile>`;
          },
        )}
      </div>
      ${this.editing ? html`<p class="hidden" role="status">${this.said}</p>` : nothing}
    `;
  }

  #tile(id: string): TiBoardTile | null {
    return this.renderRoot.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  get #grid(): HTMLElement {
    return this.renderRoot.querySelector<HTMLElement>(".grid") as HTMLElement;
  }

  /** Whether the widgets follow one another instead of having places of their own. */
  get #flowing(): boolean {
    return getComputedStyle(this.#grid).gridTemplateColumns.split(" ").length < COLUMNS;
  }

  #handled(event: CustomEvent<Handled>): void {
    const { id, handle, event: cause } = event.detail;
    if (cause instanceof KeyboardEvent) this.#key(id, handle, cause);
    else if (cause.button === 0) this.#take(id, handle, cause);
  }

  #key(id: string, handle: Handle, event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [columns, rows] = step;
    const now = tidied(this.widgets);
    const widget = now.find((one) => one.id === id);
    if (!widget) return;
    const next =
      handle === "size"
        ? placed(now, id, { w: widget.w + columns, h: widget.h + rows })
        : this.#flowing
          ? exchanged(now, id, columns + rows < 0 ? -1 : 1)
          : nudged(now, id, columns, rows);
    this.#tell(next, { id, handle });
  }

  #take(id: string, handle: Handle, event: PointerEvent): void {
    const widget = tidied(this.widgets).find((one) => one.id === id);
    const button = event.currentTarget as HTMLElement | null;
    if (!widget || !button || this.#held) return;
    button.setPointerCapture(event.pointerId);
    this.#held = { id, handle, x: event.pageX, y: event.pageY, place: widget };
    this.preview = tidied(this.widgets);
    const end = new AbortController();
    const { signal } = end;
    let last = event;
    const again = setInterval(() => this.#scroll(last) && this.#drag(last), AGAIN_MS);
    const letGo = (kept: boolean): void => {
      end.abort();
      clearInterval(again);
      const found = this.preview;
      this.#held = undefined;
      this.preview = undefined;
      if (kept && found) this.#tell(found);
    };
    button.addEventListener("pointermove", (moved) => this.#drag((last = moved)), { signal });
    button.addEventListener("pointerup", () => letGo(true), { signal });
    button.addEventListener("pointercancel", () => letGo(false), { signal });
    button.addEventListener("keydown", (pressed) => pressed.key === "Escape" && letGo(false), { signal });
  }

  /** Scroll on while something is held at the edge of the window; whether it was. */
  #scroll({ clientY }: PointerEvent): boolean {
    const way = clientY < EDGE_PX ? -1 : clientY > innerHeight - EDGE_PX ? 1 : 0;
    scrollBy(0, (way * EDGE_PX) / 4);
    return way !== 0;
  }

  #drag(event: PointerEvent): void {
    const held = this.#held;
    if (!held) return;
    const column = (this.#grid.clientWidth + GAP_PX) / COLUMNS;
    const columns = Math.round((event.pageX - held.x) / column);
    const rows = Math.round((event.clientY + scrollY - held.y) / (ROW_PX + GAP_PX));
    const { x, y, w, h } = held.place;
    const now = tidied(this.widgets);
    if (held.handle === "size") {
      const sizes = { w: Math.max(1, w + columns), h: Math.max(1, h + rows) };
      this.preview = placed(now, held.id, this.#flowing ? { h: h + rows } : sizes);
    } else if (this.#flowing) this.#pass(held.id, event.clientY);
    else this.preview = placed(now, held.id, { x: x + columns, y: y + rows });
  }

  /** In one column: the widget that is held passes another one when the pointer passes its middle. */
  #pass(id: string, clientY: number): void {
    const order = inOrder(this.preview ?? this.widgets);
    const index = order.findIndex((one) => one.id === id);
    for (const step of [-1, 1] as const) {
      const other = order[index + step];
      const box = other && this.#tile(other.id)?.getBoundingClientRect();
      if (!box) continue;
      const past = step < 0 ? clientY < box.top + box.height / 2 : clientY > box.top + box.height / 2;
      if (past) {
        this.preview = exchanged(order, id, step);
        return;
      }
    }
  }

  #remove(event: CustomEvent<string>): void {
    this.#tell(tidied(this.widgets.filter((widget) => widget.id !== event.detail)));
    this.said = t("tileRemoved");
  }

  #bind(event: CustomEvent<string>): void {
    this.dispatchEvent(new CustomEvent("bind", { detail: event.detail }));
  }

  /** Only what is another is a change: each one is a step of "undo". */
  #tell(widgets: readonly Widget[], moved?: { id: string; handle: Handle }): void {
    const places = (all: readonly Widget[]): string =>
      JSON.stringify(inOrder(all).map(({ id, x, y, w, h }) => [id, x, y, w, h]));
    if (places(widgets) === places(tidied(this.widgets))) return;
    this.#moved = moved;
    this.dispatchEvent(new CustomEvent("change", { detail: widgets }));
  }
}

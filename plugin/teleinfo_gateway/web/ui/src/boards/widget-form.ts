/** `<ti-widget-form>`: asks what a widget shows and where; tells `chosen` with the widget. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import type { Widget } from "../gateway/records";
import { askLabels, labels } from "../tic/labels";
import { t, type Text } from "../words/language";
import { bindable } from "./bindable";
import { COLUMNS, ROWS_MOST, makeId, type Place } from "./board";
import { KINDS, option } from "./kinds";
import { fitted } from "./layout";

const { live } = connection();

const PLACES: readonly { name: keyof Place; text: Text; least: number; most: number }[] = [
  { name: "x", text: "placeColumn", least: 1, most: COLUMNS },
  { name: "y", text: "placeRow", least: 1, most: 999 },
  { name: "w", text: "placeWidth", least: 1, most: COLUMNS },
  { name: "h", text: "placeHeight", least: 1, most: ROWS_MOST },
];

@customElement("ti-widget-form")
export class TiWidgetForm extends TiElement {
  static override styles = [
    shared,
    css`
      dialog {
        width: min(30rem, calc(100vw - 2rem)); max-height: calc(100vh - 2rem); padding: var(--ti-space-6);
        border: 1px solid var(--ti-line); border-radius: var(--ti-radius); color: inherit;
        background: var(--ti-surface);
      }
      dialog::backdrop { background: rgb(0 0 0 / 45%); }
      form { display: grid; gap: var(--ti-space-4); }
      label { display: grid; gap: var(--ti-space-1); }
      select, input { width: 100%; min-width: 0; }
      fieldset {
        display: grid; grid-template-columns: repeat(4, 1fr); gap: var(--ti-space-2); margin: 0;
        padding: 0; border: 0;
      }
      legend { padding: 0 0 var(--ti-space-1); color: var(--ti-ink-soft); font-size: var(--ti-text-s); }
      .end { justify-content: flex-end; }
    `,
  ];

  @state() private widget: Widget | undefined;
  @state() private fresh = false;

  constructor() {
    super();
    new Watching(this, labels, live.meters);
  }

  /** Ask for a new widget, or about one that there is. */
  async ask(widget?: Widget): Promise<void> {
    void askLabels();
    this.fresh = !widget;
    const meter = live.meters.value.keys().next().value ?? null;
    this.widget = widget ?? { id: makeId(), kind: "gauge", meter, sensor: null, options: {}, x: 0, y: 0, w: 4, h: 5 };
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  override render(): TemplateResult {
    const widget = this.widget;
    return html`<dialog aria-labelledby="heading" @close=${() => (this.widget = undefined)}>
      ${widget ? this.#form(widget) : nothing}
    </dialog>`;
  }

  #form(widget: Widget): TemplateResult {
    const kind = KINDS[widget.kind];
    return html`<form method="dialog" @submit=${this.#choose}>
      <h2 id="heading">${t(this.fresh ? "widgetAdd" : "widgetChange")}</h2>
      ${this.#choice(t("widgetKind"), widget.kind, this.#kinds(widget), (value) => this.#setKind(value))}
      ${this.#choice(t("meter"), widget.meter ?? "", this.#meters(widget), (name) =>
        this.#set({ meter: name || null }),
      )}
      ${kind && kind.sensors !== "none"
        ? this.#choice(t("widgetSensor"), widget.sensor ?? "", this.#sensors(widget), (name) =>
            this.#set({ sensor: name || null }),
          )
        : nothing}
      ${kind?.choices.map((choice) =>
        this.#choice(
          t(choice.text),
          option(widget, choice),
          choice.values.map((one) => [one.value, one.text()]),
          (value) => this.#set({ options: { ...widget.options, [choice.name]: value } }),
        ),
      )}
      ${this.fresh ? nothing : this.#places(widget)}
      <div class="row end">
        <button type="button" @click=${() => this.#dialog?.close()}>${t("cancel")}</button>
        <button class="main">${t(this.fresh ? "widgetAddIt" : "widgetTake")}</button>
      </div>
    </form>`;
  }

  #choice(
    label: string,
    chosen: string,
    values: readonly (readonly [string, string])[],
    take: (value: string) => void,
  ): TemplateResult {
    return html`<label>
      ${label}
      <select @change=${(event: Event) => take((event.target as HTMLSelectElement).value)}>
        ${values.map(([value, text]) => html`<option value=${value} .selected=${value === chosen}>${text}</option>`)}
      </select>
    </label>`;
  }

  #kinds(widget: Widget): [string, string][] {
    const known = Object.entries(KINDS).map(([name, kind]): [string, string] => [name, t(kind.text)]);
    return KINDS[widget.kind] ? known : [[widget.kind, t("kindUnknown", { kind: widget.kind })], ...known];
  }

  /** Also a meter that is not there any more: the binding is not lost by looking at it. */
  #meters(widget: Widget): [string, string][] {
    const names = new Set(["", ...live.meters.value.keys(), widget.meter ?? ""]);
    return [...names].map((name) => [name, name || t("widgetFirstMeter")]);
  }

  #sensors({ kind, meter: name, sensor }: Widget): [string, string][] {
    const meters = live.meters.value;
    const meter = name ? meters.get(name) : meters.values().next().value;
    return bindable(kind, meter, sensor ?? "");
  }

  #places(widget: Widget): TemplateResult {
    return html`<fieldset>
      <legend>${t("place")}</legend>
      ${PLACES.map(({ name, text, least, most }) => {
        const offset = name === "x" || name === "y" ? 1 : 0; // people count from one
        return html`<label>
          ${t(text)}
          <input
            type="number"
            min=${least}
            max=${most}
            .value=${String(widget[name] + offset)}
            @change=${(event: Event) => {
              this.#set({ [name]: Number((event.target as HTMLInputElement).value) - offset });
            }}
          />
        </label>`;
      })}
    </fieldset>`;
  }

  #set(changes: Partial<Widget>): void {
    if (this.widget) this.widget = { ...this.widget, ...changes };
  }

  #setKind(kind: string): void {
    const known = KINDS[kind];
    this.#set(this.fresh && known ? { kind, w: known.w, h: known.h } : { kind });
  }

  #choose(): void {
    const { widget, fresh } = this;
    if (!widget) return;
    const detail = { widget: fitted(widget), fresh };
    this.dispatchEvent(new CustomEvent("chosen", { detail }));
  }
}

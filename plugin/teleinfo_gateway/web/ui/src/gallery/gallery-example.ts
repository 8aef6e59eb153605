/** `<ti-gallery-example kind meter>`: a widget as it works, its attributes, and its HTML. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import { bindable } from "../boards/bindable";
import { KINDS, type Choice } from "../boards/kinds";
import { askLabels, labels } from "../tic/labels";
import { t, type Text } from "../words/language";
import "./copied-text";

const { live } = connection();

/** What each widget shows, in a sentence; the order is that of the gallery. */
export const TOLD = {
  gauge: "galleryGauge",
  value: "galleryValue",
  curve: "galleryCurve",
  bars: "galleryBars",
  tempo: "galleryTempo",
  period: "galleryPeriod",
  phases: "galleryPhases",
  indexes: "galleryIndexes",
  status: "galleryStatus",
  overload: "galleryOverload",
} as const satisfies Record<string, Text>;
export type Example = keyof typeof TOLD;

/** On a board the height of a curve is that of its place. */
const HEIGHT: Choice = {
  name: "height",
  text: "galleryHeight",
  values: ["220", "140", "320"].map((value) => ({ value, text: () => `${value} px` })),
};

@customElement("ti-gallery-example")
export class TiGalleryExample extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: grid; gap: var(--ti-space-3); grid-template-columns: minmax(0, 1fr); }
      code { font: 0.9375em var(--ti-mono); }
      .parts { display: grid; gap: var(--ti-space-4); grid-template-columns: minmax(0, 1fr); }
      .attributes { display: grid; gap: var(--ti-space-3); align-content: start; min-width: 0; }
      label { display: grid; gap: var(--ti-space-1); }
      select { width: 100%; min-width: 0; text-overflow: ellipsis; }
      @media (min-width: 56rem) {
        .parts:not(.banner) { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); align-items: start; }
      }
    `,
  ];

  @property() kind: Example = "gauge";
  /** The name of a meter; the first one if it is empty. */
  @property() meter = "";
  /** The attributes that are not as usual. */
  @state() private chosen: Readonly<Record<string, string>> = {};

  #widget: HTMLElement | undefined;

  constructor() {
    super();
    new Watching(this, labels, live.names);
    void askLabels();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.#widget || changed.has("kind")) {
      this.#widget = document.createElement(`ti-${this.kind}`);
      if (this.kind !== "overload") this.#widget.className = "card"; // it is a banner
    }
    for (const [name, value] of this.#attributes()) {
      if (this.#widget.getAttribute(name) !== value) this.#widget.setAttribute(name, value);
    }
    for (const { name } of [...this.#widget.attributes]) {
      const wanted = name === "class" || this.#attributes().some(([one]) => one === name);
      if (!wanted) this.#widget.removeAttribute(name);
    }
  }

  override render(): TemplateResult {
    const tag = `ti-${this.kind}`;
    const attributes = this.#attributes().map(([name, value]) => ` ${name}="${value}"`);
    return html`
      <h2 id=${tag}><code>&lt;${tag}&gt;</code></h2>
      <p>${t(TOLD[this.kind])}</p>
      <div class="parts ${this.kind === "overload" ? "banner" : ""}">
        ${this.#widget}
        <div class="attributes">
          ${this.#sensor()} ${this.#choices().map((choice) => this.#choice(choice))}
          <ti-copied-text .text=${`<${tag}${attributes.join("")}></${tag}>`}></ti-copied-text>
        </div>
      </div>
    `;
  }

  #attributes(): [string, string][] {
    return Object.entries({ meter: this.meter, ...this.chosen }).filter(([, value]) => value);
  }

  #choices(): readonly Choice[] {
    const choices = KINDS[this.kind]?.choices ?? [];
    return this.kind === "curve" ? [...choices, HEIGHT] : choices;
  }

  #sensor(): TemplateResult | typeof nothing {
    const kind = KINDS[this.kind];
    if (!kind || kind.sensors === "none") return nothing;
    const meters = live.meters.value;
    const meter = this.meter ? meters.get(this.meter) : meters.values().next().value;
    const values = bindable(this.kind, meter, this.chosen["sensor"] ?? "");
    return this.#select("sensor", t("widgetSensor"), values);
  }

  #choice({ name, text, values }: Choice): TemplateResult {
    const [usual] = values;
    const words = values.map((one): [string, string] => {
      return [one === usual ? "" : one.value, one.text()];
    });
    return this.#select(name, t(text), words);
  }

  #select(name: string, text: string, values: readonly [string, string][]): TemplateResult {
    const chosen = this.chosen[name] ?? "";
    return html`<label>
      <span><code>${name}</code> – ${text}</span>
      <select
        @change=${(event: Event) => {
          this.chosen = { ...this.chosen, [name]: (event.target as HTMLSelectElement).value };
        }}
      >
        ${values.map(
          ([value, words]) =>
            html`<option value=${value} .selected=${value === chosen}>${words}</option>`,
        )}
      </select>
    </label>`;
  }
}

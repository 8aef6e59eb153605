/** `<ti-bar-chart>`: stacked bars of energy or money, told bar by bar to mouse, touch and keys. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { Watching } from "../base/store";
import { theme } from "../look/theme";
import { token } from "../look/tokens";
import { money } from "../tariff/money";
import { kwh } from "../words/format";
import { t } from "../words/language";
import type { Bar, BarData } from "./bar-data";
import { drawBars, type Layout } from "./bar-drawing";
import { picture } from "./export";

/** Told when a bar is chosen (a click, or Enter): its index is the detail. */
const CHOOSE = "choose";

const NARROW = 480; // the tip has no room beside the bar

@customElement("ti-bar-chart")
export class TiBarChart extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; position: relative; height: 18rem; }
      .plot { height: 100%; border-radius: var(--ti-radius); touch-action: pan-y; }
      .plot[data-chooses] { cursor: pointer; }
      canvas { display: block; width: 100%; height: 100%; }
      .tip {
        position: absolute; top: 0; z-index: 1; max-width: 17rem;
        padding: var(--ti-space-2) var(--ti-space-3);
        border: 1px solid var(--ti-line); border-radius: var(--ti-radius);
        background: var(--ti-surface); box-shadow: 0 4px 16px rgb(0 0 0 / 14%);
        font-size: var(--ti-text-s); pointer-events: none;
      }
      .tip strong { display: block; }
      .narrow { top: auto; right: 0; bottom: 100%; left: 0; max-width: none; }
      .tip dl { display: grid; grid-template-columns: auto auto; gap: 0 var(--ti-space-3); }
      .tip dd { text-align: right; }
      i { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 2px; }
    `,
  ];

  @property({ attribute: false }) data: BarData | null = null;
  /** What the chart shows, in a few words. */
  @property() label = "";
  /** Whether choosing a bar leads somewhere. */
  @property({ type: Boolean }) chooses = false;

  @state() private at: number | null = null;
  @query("canvas") private canvas!: HTMLCanvasElement;

  #layout: Layout | undefined;
  #fresh = false;
  readonly #observer = new ResizeObserver(() => this.#draw());

  constructor() {
    super();
    new Watching(this, theme);
  }

  override disconnectedCallback(): void {
    this.#observer.disconnect();
    super.disconnectedCallback();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.#observer.observe(this));
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has("data") && this.at !== null && !this.data?.bars[this.at]) this.at = null;
  }

  override updated(): void {
    this.#draw();
  }

  override render(): TemplateResult {
    const bars = this.data?.bars ?? [];
    const at = this.at ?? bars.length - 1;
    const bar = bars[at];
    return html`
      <div
        class="plot"
        role="slider"
        tabindex="0"
        aria-label=${`${this.label}. ${t("chartKeys")}`}
        aria-valuemin="1"
        aria-valuemax=${Math.max(bars.length, 1)}
        aria-valuenow=${at + 1}
        aria-valuetext=${bar ? this.#words(bar) : t("nothing")}
        ?data-chooses=${this.chooses}
        @pointermove=${this.#point}
        @pointerdown=${this.#press}
        @pointerleave=${this.#leave}
        @blur=${() => (this.at = null)}
        @click=${() => (this.#fresh ? undefined : this.#choose())}
        @keydown=${this.#key}
      >
        <canvas></canvas>
      </div>
      ${this.at === null || !bar ? nothing : this.#tip(bar, this.at)}
    `;
  }

  /** The chart as a picture, with a title. */
  png(title: string): Promise<Blob> {
    const legend = this.data?.series ?? [];
    this.at = null;
    this.#draw();
    return picture(
      this.canvas,
      { title, legend: legend.map(({ name, colour }) => ({ name, colour: token(colour) })) },
      { ground: token("--ti-surface"), ink: token("--ti-ink"), font: token("--ti-font") },
    );
  }

  #draw(): void {
    if (this.data && this.canvas.clientWidth) this.#layout = drawBars(this.canvas, this.data, this.at);
  }

  #amount(value: number): string {
    return this.data?.unit === "money" ? money(value) : kwh(value);
  }

  #lines(bar: Bar): { name: string; colour: string; amount: string }[] {
    return (this.data?.series ?? [])
      .map(({ name, colour }, index) => ({ name, colour, value: bar.parts[index] ?? 0 }))
      .filter(({ value }) => value)
      .map(({ name, colour, value }) => ({ name, colour, amount: this.#amount(value) }))
      .reverse();
  }

  #words(bar: Bar): string {
    return [
      `${bar.name}: ${bar.total === null ? t("nothingHeard") : this.#amount(bar.total)}`,
      ...this.#lines(bar).map(({ name, amount }) => `${name} ${amount}`),
      ...(bar.ghost === null ? [] : [`${bar.ghostName} ${this.#amount(bar.ghost)}`]),
      ...bar.notes,
    ].join(", ");
  }

  #tip(bar: Bar, index: number): TemplateResult {
    const { left = 0, wide = 0 } = this.#layout ?? {};
    const middle = left + (index + 0.5) * wide;
    const right = middle > this.clientWidth / 2;
    const place = right
      ? `right: ${this.clientWidth - middle + wide / 2 + 6}px`
      : `left: ${middle + wide / 2 + 6}px`;
    const narrow = this.clientWidth < NARROW;
    return html`<div
      class="tip ${narrow ? "narrow" : ""}"
      .style=${narrow ? "" : place}
      aria-hidden="true"
    >
      <span class="soft">${bar.name}</span>
      <strong>${bar.total === null ? t("nothingHeard") : this.#amount(bar.total)}</strong>
      <dl>
        ${this.#lines(bar).map(
          ({ name, colour, amount }) => html`<dt>
              <i .style=${`background: var(${colour})`}></i>${name}
            </dt>
            <dd>${amount}</dd>`,
        )}
        ${bar.ghost === null
          ? nothing
          : html`<dt class="soft">${bar.ghostName}</dt><dd class="soft">${this.#amount(bar.ghost)}</dd>`}
      </dl>
      ${bar.notes.map((note) => html`<p class="soft">${note}</p>`)}
    </div>`;
  }

  #point(event: PointerEvent): void {
    if (!this.#layout || !this.data) return;
    const { left, wide } = this.#layout;
    const index = Math.floor((event.clientX - this.getBoundingClientRect().left - left) / wide);
    this.at = this.data.bars[index] ? index : null;
  }

  /** A first touch tells of a bar, a second one opens it. */
  #press(event: PointerEvent): void {
    const before = this.at;
    this.#point(event);
    this.#fresh = event.pointerType !== "mouse" && this.at !== before;
  }

  #leave(event: PointerEvent): void {
    if (event.pointerType === "mouse") this.at = null;
  }

  #key(event: KeyboardEvent): void {
    const last = (this.data?.bars.length ?? 0) - 1;
    const at = this.at ?? last + 1;
    const wanted = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageUp: at - 7,
      PageDown: at + 7,
      Home: 0,
      End: last,
    }[event.key];
    if (wanted !== undefined) {
      event.preventDefault();
      this.at = Math.min(Math.max(wanted, 0), last);
    } else if (event.key === "Enter") this.#choose();
    else if (event.key === "Escape") this.at = null;
  }

  #choose(): void {
    if (!this.chooses || this.at === null) return;
    this.dispatchEvent(new CustomEvent<number>(CHOOSE, { detail: this.at }));
  }
}

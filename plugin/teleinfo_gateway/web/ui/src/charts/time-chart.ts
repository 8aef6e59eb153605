/** `<ti-time-chart>`: curves over a day or two, zoomed and panned, told instant by instant. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type uPlot from "uplot";
import { TiElement, shared } from "../base/element";
import { Watching } from "../base/store";
import { theme } from "../look/theme";
import { token } from "../look/tokens";
import { language, t } from "../words/language";
import { chartStyle, makeChart, timeAxis, valueAxis, type ChartData } from "./chart";
import {
  addWheelAndTouch,
  handsOf,
  inside,
  keyed,
  takeSelection,
  type Held,
  type Stretch,
} from "./chart-tools";
import { picture, type Caption } from "./export";

/** What is told of an instant. */
export interface Told {
  title: string;
  lines: readonly { name: string; value: string; colour?: string }[];
}

/** What a chart shows. Colours are resolved when it is drawn, so `series` is a function. */
export interface Curves {
  data: ChartData;
  series: () => uPlot.Series[];
  bands: () => uPlot.Band[];
  unit: string;
  whole: Stretch;
  /** The lowest and highest of the value axis. */
  values: readonly [low: number, high: number];
  /** Draws behind the curves. */
  behind: (plot: uPlot) => void;
  tell: (instant: number) => Told | null;
}

/** Told when another stretch is looked at; the detail is null for all of it. */
const LOOK = "look";

const NARROW = 480; // the tip has no room beside the line
const STEPS = 96; // of the arrow keys, over what is shown

@customElement("ti-time-chart")
export class TiTimeChart extends TiElement {
  static override styles = [
    shared,
    chartStyle,
    css`
      :host { display: block; position: relative; min-width: 0; }
      .plot { border-radius: var(--ti-radius); touch-action: pan-y; }
      .tip {
        position: absolute; top: 0; z-index: 1; min-width: 9rem; max-width: 17rem;
        padding: var(--ti-space-2) var(--ti-space-3);
        border: 1px solid var(--ti-line); border-radius: var(--ti-radius);
        background: var(--ti-surface); box-shadow: 0 4px 16px rgb(0 0 0 / 14%);
        font-size: var(--ti-text-s); pointer-events: none;
      }
      .narrow { top: auto; right: 0; bottom: 100%; left: 0; max-width: none; }
      .tip dl { display: grid; grid-template-columns: auto auto; gap: 0 var(--ti-space-3); }
      .tip dd { text-align: right; white-space: nowrap; }
      i { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 2px; }
    `,
  ];

  @property({ attribute: false }) curves!: Curves;
  /** What is looked at; null is all of it. */
  @property({ attribute: false }) view: Stretch | null = null;
  @property() label = "";
  @property({ type: Number }) height = 320;
  @state() private at: { left: number; instant: number } | null = null;
  @query(".plot") private place!: HTMLElement;

  #chart: { plot: uPlot; end: () => void } | null = null;
  #drawn = "";
  readonly #held: Held = {
    view: () => this.#stretch,
    whole: () => this.curves.whole,
    look: (view) => this.dispatchEvent(new CustomEvent<Stretch | null>(LOOK, { detail: view })),
  };

  constructor() {
    super();
    new Watching(this, theme);
  }

  get #stretch(): Stretch {
    return this.view ?? this.curves.whole;
  }

  override disconnectedCallback(): void {
    this.#chart?.end();
    this.#chart = null;
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    const [from, to] = this.#stretch;
    const told = this.curves.tell(this.at?.instant ?? Math.min(to, Date.now() / 1000));
    return html`
      <div
        class="plot"
        role="slider"
        tabindex="0"
        aria-label=${`${this.label}. ${t("timeKeys")}`}
        aria-valuemin=${Math.round(from)}
        aria-valuemax=${Math.round(to)}
        aria-valuenow=${Math.round(this.at?.instant ?? to)}
        aria-valuetext=${told ? words(told) : t("nothingHeard")}
        @keydown=${this.#key}
        @blur=${() => this.#chart?.plot.setCursor({ left: -1, top: -1 })}
      ></div>
      ${this.at && told ? this.#tip(told, this.at.left) : nothing}
    `;
  }

  protected override updated(changed: PropertyValues): void {
    const { curves } = this;
    const key = [theme.value, language.value, token("--ti-accent"), this.height].join();
    if (this.#chart && key === this.#drawn && !changed.has("curves")) {
      if (changed.has("view")) this.#show();
      return;
    }
    this.#chart?.end();
    this.#chart = makeChart(this.place, this.#options(), curves.data);
    this.#drawn = key;
    addWheelAndTouch(this.#chart.plot, this.#held);
  }

  /** The chart as a picture. */
  png(caption: Caption): Promise<Blob> {
    const canvas = this.#chart?.plot.ctx.canvas;
    if (!canvas) throw new Error("no chart");
    const colours = { ground: token("--ti-surface"), ink: token("--ti-ink"), font: token("--ti-font") };
    return picture(canvas, caption, colours);
  }

  #show(): void {
    const [min, max] = this.#stretch;
    this.#chart?.plot.setScale("x", { min, max });
  }

  #options(): Omit<uPlot.Options, "width"> {
    const { unit, series, bands, behind, values } = this.curves;
    return {
      height: this.height,
      padding: [12, 20, 0, 0],
      cursor: { ...handsOf(this.#held), points: { show: false } },
      scales: {
        x: { range: () => [...this.#stretch] },
        y: { range: () => [...values] },
      },
      axes: [timeAxis(), valueAxis(unit, 68)],
      series: [{}, ...series()],
      bands: bands(),
      hooks: {
        drawAxes: [behind],
        setCursor: [(plot) => this.#point(plot)],
        setSelect: [(plot) => takeSelection(plot, this.#held)],
      },
    };
  }

  #point(plot: uPlot): void {
    const { left = -1 } = plot.cursor;
    this.at = left < 0 ? null : { left, instant: plot.posToVal(left, "x") };
  }

  #tip({ title, lines }: Told, left: number): TemplateResult {
    const over = this.#chart?.plot.over;
    const x = left + (over?.offsetLeft ?? 0);
    const place =
      left > (over?.clientWidth ?? 0) / 2
        ? `right: ${this.clientWidth - x + 12}px`
        : `left: ${x + 12}px`;
    const narrow = this.clientWidth < NARROW;
    return html`<div
      class="tip ${narrow ? "narrow" : ""}"
      .style=${narrow ? "" : place}
      aria-hidden="true"
    >
      <span class="soft">${title}</span>
      <dl>
        ${lines.map(
          ({ name, value, colour }) =>
            html`<dt>
                ${colour
                  ? html`<i .style=${`background: var(${colour})`}></i>`
                  : nothing}${name}
              </dt>
              <dd>${value}</dd>`,
        )}
      </dl>
    </div>`;
  }

  #key(event: KeyboardEvent): void {
    const view = keyed(event.key, event.shiftKey, this.#stretch);
    if (view !== null) {
      event.preventDefault();
      this.#held.look(view === "all" ? null : inside(view, this.curves.whole));
      return;
    }
    const [from, to] = this.#stretch;
    const now = this.at?.instant ?? to;
    const step = (to - from) / STEPS;
    const wanted = { ArrowLeft: now - step, ArrowRight: now + step, Home: from, End: to }[event.key];
    const plot = this.#chart?.plot;
    if (wanted === undefined || !plot) return;
    event.preventDefault();
    plot.setCursor({ left: plot.valToPos(Math.min(Math.max(wanted, from), to), "x"), top: 0 });
  }
}

function words({ title, lines }: Told): string {
  return [title, ...lines.map(({ name, value }) => `${name} ${value}`)].join(", ");
}

/** `<ti-curve meter sensor minutes>`: the last minutes as a curve that goes on by itself. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type uPlot from "uplot";
import { Ticking } from "../base/clock";
import { Loading } from "../base/loading";
import { Watching } from "../base/store";
import { chartStyle, makeChart, timeAxis, valueAxis } from "../charts/chart";
import { columnOf, curve, type Curve } from "../charts/curve-data";
import { csv, isoInstant, picture, save } from "../charts/export";
import { Trace } from "../gateway/heard";
import type { Told } from "../gateway/live";
import type { ReadingTold, Series } from "../gateway/records";
import { theme } from "../look/theme";
import { token } from "../look/tokens";
import { limitOf, unitOf } from "../tic/electric";
import { number, seconds, time } from "../words/format";
import { language, t } from "../words/language";
import { TiPatientWidget, widgetStyle } from "./widget";

const AGAIN_MS = 60_000; // the history, for what this page did not hear
const MOST_POINTS = 2000;
const TICKS_S = [60, 120, 300, 600, 1800, 3600]; // whole minutes: seconds are not written

@customElement("ti-curve")
export class TiCurve extends TiPatientWidget {
  static override styles = [
    widgetStyle,
    chartStyle,
    css`
      .head { margin-bottom: var(--ti-space-2); }
      .buttons { display: flex; gap: var(--ti-space-1); }
      .buttons button { min-height: 2rem; font-size: var(--ti-text-s); }
      .chart { min-width: 0; overflow: hidden; }
      .told { min-height: 1.6em; }
      .gone { color: var(--ti-bad); }
    `,
  ];

  @property({ type: Number }) minutes = 10;
  /** Of the drawing, in pixels. */
  @property({ type: Number }) height = 220;

  /** What is shown while the reader has stopped it; the values go on being kept. */
  @state() private stopped: { curve: Curve; now: number } | null = null;
  @state() private pointed = "";

  readonly #past = new Loading<Series>(this, AGAIN_MS);
  #trace = new Trace(this.minutes * 60);
  #chart: { plot: uPlot; end: () => void } | null = null;
  #drawn = "";
  #curve: Curve = { time: [], value: [] };
  #streams = 0;
  #quiet: () => void = () => undefined;

  constructor() {
    super();
    new Ticking(this);
    new Watching(this, theme);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { live } = this.connected;
    const told = (event: Event): void => this.#take((event as CustomEvent<Told>).detail);
    live.events.addEventListener("told", told);
    this.#quiet = () => live.events.removeEventListener("told", told);
  }

  override disconnectedCallback(): void {
    this.#quiet();
    this.#chart?.end();
    this.#chart = null;
    super.disconnectedCallback();
  }

  get #label(): string {
    return this.sensor.toUpperCase();
  }

  get #name(): string {
    return this.#label ? this.nameOf(this.#label) : t("gaugePower");
  }

  get #isPower(): boolean {
    return columnOf(this.#label) === "papp";
  }

  get #unit(): string {
    return unitOf(this.#label || "PAPP");
  }

  /** The power is kept for all; other values by the curve that shows them. */
  #take({ name, data }: Told): void {
    if (name === "meters") this.#streams += 1;
    const reading = data as unknown as ReadingTold;
    if (name !== "reading" || reading.meter !== this.liveMeter?.state.name || this.#isPower) return;
    const text = reading.values[this.#label] ?? reading.historique[this.#label];
    this.#trace.hear(Date.parse(reading.time) / 1000, text === undefined ? undefined : Number(text));
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("minutes") || changed.has("sensor") || changed.has("meter")) {
      this.#trace = new Trace(this.minutes * 60);
      this.stopped = null;
    }
    const { gateway, live } = this.connected;
    const meter = this.liveMeter;
    const values = columnOf(this.#label);
    if (meter?.state.adco && values && live.connection.value === "open") {
      const key = `${meter.state.name} ${values} ${this.minutes} ${this.#streams}`;
      const ask = { meter: meter.state.name, values, points: MOST_POINTS };
      this.#past.load(key, () =>
        gateway.history({ ...ask, from: Math.floor(live.now() - this.minutes * 60) }),
      );
    }
    this.#curve = this.stopped?.curve ?? this.#found();
  }

  #found(): Curve {
    const meter = this.liveMeter;
    const now = this.connected.live.now();
    const points = this.#isPower ? (meter?.points ?? []) : this.#trace.points;
    return curve(this.#past.value, points, meter?.state.interval ?? 0, now - this.minutes * 60, now);
  }

  override render(): TemplateResult {
    const name = this.#name;
    const told = this.#told();
    return html`<div class="body">
      <div class="row spread head">
        <h3>${t("curveTitle", { name, minutes: this.minutes })}</h3>
        <div class="buttons">
          <button aria-pressed=${this.stopped !== null} @click=${this.#stop}>
            ${this.stopped ? `▶ ${t("curveGoOn")}` : `❚❚ ${t("curveStop")}`}
          </button>
          <button @click=${this.#saveCsv}>${t("exportCsv")}</button>
          <button @click=${this.#savePng}>${t("exportPng")}</button>
        </div>
      </div>
      <div class="chart" role="img" aria-label=${told}></div>
      <p class="soft told">
        ${this.absence ? html`<strong class="gone">${this.absence}</strong> · ` : nothing}${this.pointed || told}
      </p>
    </div>`;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const place = this.renderRoot.querySelector<HTMLElement>(".chart");
    if (!place) return;
    const key = [theme.value, language.value, this.minutes, this.height, this.sensor, token("--ti-accent")];
    const limit = this.liveMeter && limitOf(this.liveMeter, this.#label);
    const { time, value } = this.#curve;
    const series = [value, value.map(() => limit ?? null)];
    if (this.#chart && key.join() === this.#drawn) {
      this.#chart.plot.setData([time, ...series] as uPlot.AlignedData);
      return;
    }
    this.#chart?.end();
    this.#chart = makeChart(place, this.#options(), { time, series });
    this.#drawn = key.join();
  }

  #options(): Omit<uPlot.Options, "width"> {
    const accent = token("--ti-accent");
    return {
      height: this.height,
      padding: [8, 20, 0, 0],
      cursor: { drag: { x: false, y: false }, y: false },
      scales: { x: { range: () => this.#span() }, y: { range: (plot) => this.#range(plot) } },
      axes: [{ ...timeAxis(), size: 34, incrs: TICKS_S }, valueAxis(this.#unit, 74)],
      series: [
        {},
        {
          stroke: accent,
          width: 2,
          fill: `${accent}24`,
          points: { size: 4, fill: accent, filter: (plot) => alone(plot.data[1]) },
        },
        { stroke: token("--ti-bad"), width: 1.5, dash: [6, 5], points: { show: false } },
      ],
      hooks: { setCursor: [(plot) => this.#point(plot)] },
    };
  }

  #span(): [number, number] {
    const end = this.stopped?.now ?? this.connected.live.now();
    return [end - this.minutes * 60, end];
  }

  /** From zero, with the limit as soon as it is near; voltages are looked at closely. */
  #range(plot: uPlot): [number, number] {
    const values = (plot.data[1] as (number | null)[]).filter((one) => one !== null);
    const high = Math.max(...values, this.#unit === "VA" ? 500 : 5);
    if (this.#unit === "V") return [Math.min(...values, 225) - 5, Math.max(...values, 235) + 5];
    const limit = (this.liveMeter && limitOf(this.liveMeter, this.#label)) ?? 0;
    return [0, (high > 0.6 * limit ? Math.max(high, limit) : high) * 1.08];
  }

  #point(plot: uPlot): void {
    const place = plot.cursor.idx;
    const at = place == null ? undefined : this.#curve.time[place];
    const value = place == null ? null : (this.#curve.value[place] ?? null);
    this.pointed = at === undefined || value === null ? "" : `${seconds(at)} · ${number(value)} ${this.#unit}`;
  }

  /** The curve in a sentence. */
  #told(): string {
    const values = this.#curve.value.filter((one) => one !== null);
    const [from, to] = this.#span();
    if (!values.length) return t("curveNothing");
    return t("curveTold", {
      from: time(from),
      to: time(to),
      low: `${number(Math.min(...values))} ${this.#unit}`,
      high: `${number(Math.max(...values))} ${this.#unit}`,
    });
  }

  #stop(): void {
    this.stopped = this.stopped ? null : { curve: this.#curve, now: this.connected.live.now() };
  }

  get #file(): string {
    return `${this.liveMeter?.state.name ?? "meter"}-${this.#label.toLowerCase() || "papp"}`;
  }

  #saveCsv(): void {
    const { time, value } = this.#curve;
    const rows = time.map((at, place) => [isoInstant(Math.round(at)), value[place] ?? null]);
    save(`${this.#file}.csv`, csv(["time", this.#unit], rows));
  }

  async #savePng(): Promise<void> {
    if (!this.#chart) return;
    const name = this.#name;
    const title = `${this.liveMeter?.state.name ?? ""} · ${t("curveTitle", { name, minutes: this.minutes })}`;
    const colours = { ground: token("--ti-surface"), ink: token("--ti-ink"), font: token("--ti-font") };
    const source = this.#chart.plot.ctx.canvas;
    save(`${this.#file}.png`, await picture(source, { title, legend: [] }, colours));
  }
}

/** Points between two gaps, which no line would show. */
function alone(values: uPlot.AlignedData[number] = []): number[] {
  const isGap = (place: number): boolean => values[place] == null;
  return [...values.keys()].filter((at) => !isGap(at) && isGap(at - 1) && isGap(at + 1));
}

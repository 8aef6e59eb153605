/** `<ti-day-meter>`: the power of one meter over a day or two, with the days before behind it. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Loading } from "../base/loading";
import { once, otherContent } from "../base/once";
import { inside, movedBack, movedOn, zoomedIn, zoomedOut, type Stretch } from "../charts/chart-tools";
import { csv, save } from "../charts/export";
import type { Curves, TiTimeChart } from "../charts/time-chart";
import { HEARD, changeText, rangeName } from "../energy/energy-bars";
import { loadEnergy, type Shown } from "../energy/energy-loading";
import type { Series } from "../gateway/records";
import { legend } from "../history/controls";
import { token } from "../look/tokens";
import { kwh, listed, moment, momentRange, va } from "../words/format";
import { language, t } from "../words/language";
import { comparedWith, type Range } from "../words/legal-time";
import { gapTexts, phaseColour, phaseCurves, phaseName, powerCurves, slotsOf } from "./day-curves";
import { CURRENTS, VOLTAGES, isTold, loadDay, loadPart, type DayData } from "./day-data";
import { dayRows } from "./day-rows";
import "../charts/time-chart";

const AGAIN_MS = 60_000; // a reading is kept each minute
const REST_MS = 200; // whoever pans does not ask for every place on the way

interface Loaded extends DayData {
  energy: Shown;
}

@customElement("ti-day-meter")
export class TiDayMeter extends TiElement {
  static override styles = [
    shared,
    legend,
    css`
      :host { display: block; min-width: 0; }
      .card { display: grid; gap: var(--ti-space-4); min-width: 0; }
      .figures {
        display: grid; gap: var(--ti-space-3) var(--ti-space-6);
        grid-template-columns: repeat(auto-fit, minmax(8rem, max-content));
      }
      .figures strong { display: block; font-size: var(--ti-text-l); font-weight: 600; line-height: 1.3; }
      i.line {
        height: 0; margin-bottom: 0.25em; border-radius: 0; box-shadow: none;
        border-top: 2px solid var(--ti-ink-soft);
      }
      i.band { background: color-mix(in srgb, var(--ti-ink) 18%, transparent); }
      .tools button { min-width: 2.25rem; }
      .phases { gap: var(--ti-space-2) var(--ti-space-4); }
      .phases .legend { margin-right: auto; }
      .problem { color: var(--ti-bad); }
    `,
  ];

  @property() meter = "";
  @property({ attribute: false, hasChanged: otherContent }) range!: Range;
  @property({ type: Boolean }) currents = false;
  @property({ type: Boolean }) voltages = false;
  /** What is looked at; null is all of it. */
  @state() private view: Stretch | null = null;
  /** The same, once it has come to rest. */
  @state() private rest: Stretch | null = null;
  @query("#power") private chart!: TiTimeChart;

  readonly #loading = new Loading<Loaded>(this, AGAIN_MS);
  readonly #closer = new Loading<{ view: Stretch; series: Series }>(this);
  readonly #power = once((data: DayData, _words: string) => powerCurves(data));
  readonly #amperes = once((data: DayData, _words: string) => phaseCurves(data, CURRENTS, "A"));
  readonly #volts = once((data: DayData, _words: string) => phaseCurves(data, VOLTAGES, "V"));
  readonly #closed = once((value: Loaded, series: Series): DayData => ({ ...value, series }));
  #shownRange = "";
  #resting = 0;

  override willUpdate(): void {
    const { meter, range } = this;
    const more = [...(this.currents ? CURRENTS : []), ...(this.voltages ? VOLTAGES : [])];
    const key = JSON.stringify([meter, range, more]);
    if (this.#shownRange !== `${meter} ${range.from} ${range.to}`) {
      this.#shownRange = `${meter} ${range.from} ${range.to}`;
      this.view = null;
      this.rest = null;
    }
    const { gateway } = connection();
    this.#loading.load(key, async () => {
      const asked = { meter, range, comparison: "previous", money: false } as const;
      const [day, energy] = await Promise.all([
        loadDay(gateway, meter, range, comparedWith(range, "previous"), more),
        loadEnergy(gateway, asked),
      ]);
      return { ...day, energy };
    });
    const view = this.rest;
    if (view && this.#loading.value?.series.step_s) {
      this.#closer.load(`${key} ${view.join()}`, async () => ({
        view,
        series: await loadPart(gateway, meter, view, more),
      }));
    } else this.#closer.forget();
  }

  override render(): TemplateResult {
    const { value, problem, busy } = this.#loading;
    return html`<section class="card" aria-busy=${busy}>
      <div>
        <h2>${this.meter}</h2>
        <p class="soft">${rangeName(this.range)}</p>
      </div>
      ${problem
        ? html`<p class="problem" role="alert">
            ${t("failed", { reason: problem.message })}
            <button @click=${() => this.#loading.again()}>${t("again")}</button>
          </p>`
        : nothing}
      ${value ? this.#content(value) : nothing}
      ${value || problem ? nothing : html`<p class="soft" role="status">${t("loading")}</p>`}
    </section>`;
  }

  /** In finer steps, once they have come for what is looked at. */
  #data(value: Loaded): DayData {
    const closer = this.#closer.value;
    return this.view && closer?.view === this.view ? this.#closed(value, closer.series) : value;
  }

  #content(value: Loaded): TemplateResult {
    const data = this.#data(value);
    const heard = isTold(value.series.values["papp"]);
    const silent = html`<p>${t("nothingInRange")}</p>`;
    if (!heard && value.before.value.every((one) => one === null)) return silent;
    return html`
      ${heard ? this.#figures(value) : silent} ${this.#legend(data)}
      <ti-time-chart
        id="power"
        .curves=${this.#power(data, language.value)}
        .view=${this.view}
        .label=${t("dayChart", { meter: this.meter, range: rangeName(this.range) })}
        @look=${this.#look}
      ></ti-time-chart>
      ${this.#tools(data)}
      ${data.gaps.length
        ? html`<p class="soft">${t("gapsAt", { times: listed(gapTexts(data.gaps)) })}</p>`
        : nothing}
      ${this.currents
        ? this.#phases(t("currents"), this.#amperes(data, language.value), data, CURRENTS)
        : nothing}
      ${this.voltages
        ? this.#phases(t("voltages"), this.#volts(data, language.value), data, VOLTAGES)
        : nothing}
    `;
  }

  #figures({ energy: { energy, compared }, series }: Loaded): TemplateResult {
    const { wh, papp_mean, papp_max } = energy.total;
    const before = compared && compared.coverage >= HEARD ? compared.wh : null;
    const highs = series.values["papp"]?.max ?? series.values["papp"]?.value ?? [];
    const place = highs.findIndex((one) => one !== null && one === papp_max);
    const when = series.time[place];
    const figure = (name: string, number: string, detail = "") =>
      html`<div>
        <dt class="soft">${name}</dt>
        <dd><strong>${number}</strong><span class="soft">${detail}</span></dd>
      </div>`;
    return html`<dl class="figures">
      ${wh === null
        ? nothing
        : figure(
            t("energy"),
            kwh(wh),
            before
              ? t(compared?.until === null ? "dayCompared" : "dayComparedUntil", {
                  change: changeText(wh, before),
                  amount: kwh(before),
                })
              : "",
          )}
      ${papp_max === null
        ? nothing
        : figure(t("highestPower"), va(papp_max), when === undefined ? "" : moment(when))}
      ${papp_mean === null ? nothing : figure(t("meanPower"), va(papp_mean))}
    </dl>`;
  }

  #legend(data: DayData): TemplateResult {
    return html`<ul class="legend soft" role="list">
      ${slotsOf(data.series).map(
        ({ name, colour }) =>
          html`<li><i .style=${`background: var(${colour})`}></i>${name}</li>`,
      )}
      ${data.series.values["pinj"]?.value.some((one) => one)
        ? html`<li><i .style=${"background: var(--ti-injected)"}></i>${t("slotInjected")}</li>`
        : nothing}
      <li><i class="band"></i>${t("lowToHigh")}</li>
      <li>
        <i class="line"></i>${t(this.range.count === 1 ? "dayBefore" : "daysBefore")}
      </li>
    </ul>`;
  }

  #tools({ whole }: DayData): TemplateResult {
    const { view } = this;
    const go = (by: (view: Stretch) => Stretch) => () => {
      this.#lookAt(inside(by(view ?? whole), whole));
    };
    return html`<div class="row spread">
      <div class="row tools" role="group" aria-label=${t("viewTools")}>
        <button aria-label=${t("panBack")} ?disabled=${!view} @click=${go(movedBack)}>‹</button>
        <button aria-label=${t("zoomIn")} @click=${go(zoomedIn)}>+</button>
        <button aria-label=${t("zoomOut")} ?disabled=${!view} @click=${go(zoomedOut)}>−</button>
        <button aria-label=${t("panOn")} ?disabled=${!view} @click=${go(movedOn)}>›</button>
        <button ?disabled=${!view} @click=${() => this.#lookAt(null)}>${t("reset")}</button>
        <span class="soft" role="status">${view ? momentRange(view[0], view[1]) : ""}</span>
      </div>
      <div class="row">
        <button @click=${this.#saveCsv}>${t("exportCsv")}</button>
        <button @click=${() => void this.#savePng(this.chart, "papp")}>${t("exportPng")}</button>
      </div>
    </div>`;
  }

  #phases(name: string, curves: Curves | null, data: DayData, names: readonly string[]): TemplateResult {
    if (!curves) return html`<p class="soft">${t("notTold", { what: name })}</p>`;
    const told = names.filter((one) => isTold(data.series.values[one]));
    return html`<div>
      <div class="row phases">
        <h3>${name}</h3>
        <ul class="legend soft" role="list">
          ${told.map(
            (one) =>
              html`<li>
                <i .style=${`background: var(${phaseColour(one)})`}></i>${phaseName(one)}
              </li>`,
          )}
        </ul>
        <button
          aria-label=${`${t("exportPng")}, ${name}`}
          @click=${(event: Event) => {
            const chart = (event.target as HTMLElement).closest("div")?.parentElement;
            void this.#savePng(chart?.querySelector("ti-time-chart"), names[0] ?? "");
          }}
        >
          ${t("exportPng")}
        </button>
      </div>
      <ti-time-chart
        .curves=${curves}
        .view=${this.view}
        .label=${`${name}, ${this.meter}, ${rangeName(this.range)}`}
        height="180"
        @look=${this.#look}
      ></ti-time-chart>
    </div>`;
  }

  #look(event: CustomEvent<Stretch | null>): void {
    this.#lookAt(event.detail);
  }

  #lookAt(view: Stretch | null): void {
    this.view = view;
    clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => (this.rest = view), REST_MS);
  }

  #fileName(what: string): string {
    return `${this.meter}-${what}-${this.range.from}`;
  }

  #saveCsv(): void {
    const { value } = this.#loading;
    if (!value) return;
    const data = this.#data(value);
    const { headings, rows } = dayRows(data, this.view ?? data.whole);
    save(`${this.#fileName("power")}.csv`, csv(headings, rows));
  }

  async #savePng(chart: TiTimeChart | null | undefined, what: string): Promise<void> {
    const { value } = this.#loading;
    if (!value || !chart) return;
    const shown = this.view ? momentRange(this.view[0], this.view[1]) : rangeName(this.range);
    const slots = slotsOf(value.series).map(({ name, colour }) => ({ name, colour: token(colour) }));
    const caption = { title: `${this.meter}, ${shown}`, legend: what === "papp" ? slots : [] };
    save(`${this.#fileName(what)}.png`, await chart.png(caption));
  }
}

/** `<ti-energy-meter>`: the bars of one meter, their figures, and what is to be said of them. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Loading } from "../base/loading";
import { once, otherContent } from "../base/once";
import type { TiBarChart } from "../charts/bar-chart";
import type { BarData } from "../charts/bar-data";
import { csv, save } from "../charts/export";
import { show } from "../route";
import { costNotes } from "../tariff/cost-words";
import { millionths, money } from "../tariff/money";
import { addDays, isoDay, kwh, moment, momentRange, percent } from "../words/format";
import { language, t } from "../words/language";
import { daysBetween } from "../words/legal-time";
import { at, barsOf, changeText, HEARD, outageWh, rangeName } from "./energy-bars";
import { loadEnergy, type Asked, type Shown } from "./energy-loading";
import { energyRows } from "./energy-rows";
import "../charts/bar-chart";
import { legend } from "../history/controls";
import "./contracts";
import "./energy-records";
import "./energy-table";

const AGAIN_MS = 300_000; // what is counted moves slowly

@customElement("ti-energy-meter")
export class TiEnergyMeter extends TiElement {
  static override styles = [
    shared,
    legend,
    css`
      :host { display: grid; gap: var(--ti-space-4); min-width: 0; align-content: start; }
      .card { display: grid; gap: var(--ti-space-4); min-width: 0; }
      .head {
        display: flex; flex-wrap: wrap; gap: var(--ti-space-2) var(--ti-space-6);
        align-items: end; justify-content: space-between;
      }
      .total { font-size: var(--ti-text-xl); font-weight: 600; line-height: 1.1; letter-spacing: -0.02em; }
      .compare { max-width: 24rem; }
      .compare strong { font-size: var(--ti-text-l); }
      .legend span { color: var(--ti-ink-soft); }
      @media (max-width: 30rem) {
        .legend { display: grid; font-size: var(--ti-text-s); }
        .legend li { display: flex; align-items: baseline; }
        .legend span { margin-left: auto; white-space: nowrap; }
      }
      .busy ti-bar-chart { opacity: 0.6; }
      .notes { display: grid; gap: var(--ti-space-1); list-style: none; }
      .problem { color: var(--ti-bad); }
      pre {
        margin: 0; padding: var(--ti-space-3); overflow-x: auto; border-radius: var(--ti-radius);
        background: var(--ti-sunken); font: var(--ti-text-s) / 1.5 var(--ti-mono);
      }
      ti-bar-chart { transition: opacity 0.15s; }
      @media (prefers-reduced-motion: reduce) { ti-bar-chart { transition: none; } }
    `,
  ];

  @property({ attribute: false, hasChanged: otherContent }) asked!: Asked;
  @query("ti-bar-chart") private chart!: TiBarChart;

  readonly #loading = new Loading<Shown>(this, AGAIN_MS);
  readonly #bars = once((shown: Shown, _words: string) => barsOf(shown));

  override willUpdate(): void {
    const { asked } = this;
    this.#loading.load(JSON.stringify(asked), () => loadEnergy(connection().gateway, asked));
  }

  override render(): TemplateResult {
    const { value: shown, problem, busy } = this.#loading;
    const { meter, range } = this.asked;
    const failed = problem
      ? html`<p class="problem" role="alert">
          ${t("failed", { reason: problem.message })}
          <button @click=${() => this.#loading.again()}>${t("again")}</button>
        </p>`
      : nothing;
    if (!shown || shown.asked.meter !== meter) {
      return html`<section class="card">
        <h2>${meter}</h2>
        ${problem ? failed : html`<p class="soft" role="status">${t("loading")}</p>`}
      </section>`;
    }
    const data = this.#bars(shown, language.value);
    return html`
      <section class="card ${busy ? "busy" : ""}" aria-busy=${busy}>
        <div>
          <h2>${meter}</h2>
          <p class="soft">${rangeName(shown.asked.range)}</p>
        </div>
        ${failed}
        ${shown.energy.total.wh === null && !shown.energy.periods.some((one) => one.outages.length)
          ? html`<p>${t("nothingInRange")}</p>`
          : this.#content(shown, data)}
        ${this.asked.money && !shown.cost && shown.asked.money ? this.#noContract(meter) : nothing}
      </section>
      ${shown.days.some((one) => one.wh !== null)
        ? html`<ti-energy-records .shown=${shown}></ti-energy-records>`
        : nothing}
      <ti-contracts .meter=${meter} .from=${range.from} .to=${range.to}></ti-contracts>
    `;
  }

  #content(shown: Shown, data: BarData): TemplateResult {
    const name = t("energyChart", { meter: shown.asked.meter, range: rangeName(shown.asked.range) });
    return html`
      ${this.#figures(shown)} ${this.#legend(data)}
      <ti-bar-chart
        .data=${data}
        .label=${name}
        chooses
        @choose=${(event: CustomEvent<number>) => this.#open(shown, event.detail)}
      ></ti-bar-chart>
      ${this.#notes(shown)}
      <div class="row">
        <button @click=${() => this.#saveCsv(shown)}>${t("exportCsv")}</button>
        <button @click=${() => void this.#savePng(name)}>${t("exportPng")}</button>
      </div>
      <ti-energy-table .shown=${shown}></ti-energy-table>
    `;
  }

  #figures({ energy, cost, compared }: Shown): TemplateResult {
    const now = cost?.total ? millionths(cost.total.total_euros) : energy.total.wh;
    const words = (amount: number) => (cost ? money(amount) : kwh(amount));
    const euros = compared?.euros;
    const before = cost ? (euros ? millionths(euros) : null) : (compared?.wh ?? null);
    const heard = compared && compared.coverage >= HEARD;
    return html`<div class="head">
      <p class="total">${now === null ? "–" : words(now)}</p>
      ${compared
        ? html`<p class="compare">
            ${before === null || !compared.coverage
              ? html`<span class="soft">${t("nothingToCompare", { range: rangeName(compared.range) })}</span>`
              : html`${heard ? html`<strong>${changeText(now, before)}</strong> ` : nothing}
                  <span class="soft"
                    >${t("comparedWith", {
                      range: rangeName(compared.range),
                      amount: words(before),
                    })}${compared.until === null
                      ? ""
                      : t("comparedUntil", { moment: moment(compared.until) })}${heard
                      ? ""
                      : t("comparedHeard", { share: percent(compared.coverage) })}</span
                  >`}
          </p>`
        : nothing}
    </div>`;
  }

  #legend({ series, bars, unit }: BarData): TemplateResult {
    const sums = series.map((_, index) => bars.reduce((sum, { parts }) => sum + (parts[index] ?? 0), 0));
    const drawn = sums.reduce((sum, one) => sum + Math.max(one, 0), 0);
    return html`<ul class="legend" role="list">
      ${series.map(({ name, colour }, index) => {
        const sum = sums[index] ?? 0;
        return html`<li>
          <i .style=${`background: var(${colour})`}></i>${name}
          <span>${unit === "money" ? money(sum) : kwh(sum)}${drawn && sum > 0 && series.length > 1
              ? ` · ${percent(sum / drawn)}`
              : ""}</span>
        </li>`;
      })}
    </ul>`;
  }

  #notes({ energy, cost }: Shown): TemplateResult | typeof nothing {
    const partial = energy.periods.filter((one) => one.wh !== null && one.coverage < HEARD);
    const silent = energy.periods.filter((one) => one.wh === null);
    const outages = energy.periods.flatMap((one) => one.outages);
    const notes = [
      ...(partial.length ? [t("ringNote", { number: partial.length })] : []),
      ...(silent.length ? [t("silentNote", { number: silent.length })] : []),
      ...outages.map((one) =>
        t("outageNote", {
          between: momentRange(at(one.start), at(one.end)),
          energy: kwh(outageWh(one)),
        }),
      ),
      ...(outages.length && !cost ? [t("hatchNote")] : []),
      ...(cost?.total ? costNotes(cost.total) : []),
      ...(cost?.problem ? [cost.problem] : []),
    ];
    if (!notes.length) return nothing;
    return html`<ul class="notes soft" role="list">${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
  }

  #noContract(meter: string): TemplateResult {
    return html`<div>
      <p>${t("noContract", { meter })}</p>
      <pre tabindex="0">
contracts:
  - name: ${t("contractExample")}
    meter: ${meter}
    option: HC
    power: 9
    prices:
      - from: ${isoDay(new Date()).slice(0, 4)}-01-01
        subscription: 0.00  # ${t("eurosMonth")}
        energy: {HC: 0.00, HP: 0.00}  # ${t("eurosKwh")}
        source: ${t("sourceExample")}</pre
      >
      <p class="soft">${t("noContractOptions")}</p>
    </div>`;
  }

  /** A bar opens into what it is made of. */
  #open({ asked, energy }: Shown, index: number): void {
    const chosen = energy.periods[index];
    if (!chosen) return;
    const first = isoDay(at(chosen.start));
    const end = isoDay(at(chosen.end));
    if (asked.range.grain === "hour") {
      show("day", { date: first });
      return;
    }
    const finer = { day: "hour", week: "day", month: "day", year: "month" } as const;
    const grain = finer[asked.range.grain];
    const count = grain === "day" ? daysBetween(first, end) : grain === "month" ? 12 : 1;
    show("energy", { grain, count: String(count), date: addDays(end, -1) });
  }

  #fileName({ asked: { meter, range } }: Shown): string {
    return `${meter}-${range.grain}-${range.from}`;
  }

  #saveCsv(shown: Shown): void {
    const { headings, rows } = energyRows(shown);
    save(`${this.#fileName(shown)}.csv`, csv(headings, rows));
  }

  async #savePng(name: string): Promise<void> {
    const shown = this.#loading.value;
    if (shown) save(`${this.#fileName(shown)}.png`, await this.chart.png(name));
  }
}

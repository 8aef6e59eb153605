/** `<ti-bars meter grain last unit>`: the energy of the last periods, stacked by slot. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Loading } from "../base/loading";
import { once } from "../base/once";
import type { BarData } from "../charts/bar-data";
import { barsOf, rangeName } from "../energy/energy-bars";
import { loadEnergy, type Shown } from "../energy/energy-loading";
import type { Grain } from "../gateway/records";
import { legend } from "../history/controls";
import { millionths, money } from "../tariff/money";
import { isoDay, kwh } from "../words/format";
import { language, t } from "../words/language";
import { rangeOf } from "../words/legal-time";
import { TiWidget, widgetStyle } from "./widget";
import "../charts/bar-chart";

const AGAIN_MS = 300_000;

/** How many periods are shown unless `last` says it; of hours, days. */
const USUAL: Record<Grain, number> = { hour: 1, day: 14, week: 13, month: 12, year: 3 };
const AT_MOST = 366;

@customElement("ti-bars")
export class TiBars extends TiWidget {
  static override styles = [
    widgetStyle,
    legend,
    css`
      .body { display: flex; flex-direction: column; gap: var(--ti-space-2); }
      .total { font-size: var(--ti-text-l); font-weight: 600; }
      ti-bar-chart { flex: 1; min-height: 8rem; height: 12rem; }
    `,
  ];

  @property() grain: Grain = "day";
  /** So many periods, the present one included; of hours, so many days. */
  @property({ type: Number }) last = 0;
  /** `kwh` or `euro`. */
  @property() unit: "kwh" | "euro" = "kwh";

  readonly #loading = new Loading<Shown>(this, AGAIN_MS);
  readonly #bars = once((shown: Shown, _words: string) => barsOf(shown));

  protected override willUpdate(): void {
    const meter = this.liveMeter?.state.name;
    if (!meter) return;
    const { gateway } = this.connected;
    const grain = this.grain in USUAL ? this.grain : "day";
    const count = this.last >= 1 && this.last <= AT_MOST ? Math.round(this.last) : USUAL[grain];
    const range = rangeOf(grain, count, isoDay(new Date()));
    const asked = { meter, range, comparison: "none", money: this.unit === "euro" } as const;
    this.#loading.load(JSON.stringify([asked, gateway.base.href, gateway.token]), () => loadEnergy(gateway, asked));
  }

  override render(): TemplateResult {
    const { value: shown, problem } = this.#loading;
    return html`<div class="body">
      ${shown
        ? this.#content(shown)
        : html`<p class="soft" role="status">
            ${problem ? t("failed", { reason: problem.message }) : this.absence || t("loading")}
          </p>`}
    </div>`;
  }

  #content(shown: Shown): TemplateResult {
    const { asked, energy, cost } = shown;
    const data = this.#bars(shown, language.value);
    const name = t("energyChart", { meter: asked.meter, range: rangeName(asked.range) });
    const { wh } = energy.total;
    const silent = wh === null && !energy.periods.some((one) => one.outages.length);
    const total = cost?.total ? money(millionths(cost.total.total_euros)) : wh === null ? "–" : kwh(wh);
    return html`
      <div class="row spread">
        <h3>${t("energy")}</h3>
        <span class="total">${total}</span>
      </div>
      <p class="soft">${rangeName(asked.range)}</p>
      ${silent
        ? html`<p>${t("nothingInRange")}</p>`
        : html`<ti-bar-chart .data=${data} .label=${name}></ti-bar-chart>
            ${this.#legend(data)}`}
      ${asked.money && !cost ? html`<p class="soft">${t("noPrices")}</p>` : nothing}
    `;
  }

  #legend({ series }: BarData): TemplateResult {
    return html`<ul class="legend soft" role="list">
      ${series.map(
        ({ name, colour }) =>
          html`<li><i .style=${`background: var(${colour})`}></i>${name}</li>`,
      )}
    </ul>`;
  }
}

/** `<ti-energy-records>`: the highest, the lowest and the mean of a range. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import type { PeriodEnergy } from "../gateway/records";
import { isOffPeak } from "../tariff/tariff";
import { kwh, percent, va } from "../words/format";
import { t } from "../words/language";
import { HEARD, at, instants, periodName } from "./energy-bars";
import type { Shown } from "./energy-loading";

@customElement("ti-energy-records")
export class TiEnergyRecords extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; min-width: 0; }
      h3 { margin-bottom: var(--ti-space-3); }
      dl {
        display: grid; gap: var(--ti-space-3) var(--ti-space-6);
        grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 45%), 1fr));
      }
      dd strong { display: block; font-size: var(--ti-text-l); font-weight: 600; }
    `,
  ];

  @property({ attribute: false }) shown!: Shown;

  override render(): TemplateResult {
    const { days, energy } = this.shown;
    const hours = energy.grain === "hour";
    const told = days.filter((one) => one.wh !== null);
    const now = Date.now() / 1000;
    // What is not over or was not heard would be the lowest of all.
    const whole = told.filter((one) => one.coverage >= HEARD && at(one.end) <= now);
    const share = offPeakShare(energy.periods);
    const wh = (one: PeriodEnergy) => one.wh ?? 0;
    const highest = most(told, wh);
    const lowest = most(whole, (one) => -wh(one));
    const power = most(
      days.filter((one) => one.papp_max !== null),
      (one) => one.papp_max ?? 0,
    );
    const name = (one: PeriodEnergy) => periodName(hours ? "hour" : "day", instants(one));
    return html`<section class="card">
      <h3>${t("records")}</h3>
      <dl>
        ${highest
          ? figure(t(hours ? "highestHour" : "highestDay"), kwh(wh(highest)), name(highest))
          : nothing}
        ${lowest
          ? figure(t(hours ? "lowestHour" : "lowestDay"), kwh(wh(lowest)), name(lowest))
          : nothing}
        ${whole.length
          ? figure(
              t(hours ? "meanHour" : "meanDay"),
              kwh(whole.reduce((sum, one) => sum + wh(one), 0) / whole.length),
              t(hours ? "wholeHours" : "wholeDays", { number: whole.length }),
            )
          : nothing}
        ${power ? figure(t("highestPower"), va(power.papp_max ?? 0), name(power)) : nothing}
        ${share === null ? nothing : figure(t("offPeakShare"), percent(share), t("ofTheEnergy"))}
      </dl>
    </section>`;
  }
}

function figure(name: string, value: string, detail: string): TemplateResult {
  return html`<div>
    <dt class="soft">${name}</dt>
    <dd><strong>${value}</strong><span class="soft">${detail}</span></dd>
  </div>`;
}

function most(periods: readonly PeriodEnergy[], of: (one: PeriodEnergy) => number): PeriodEnergy | null {
  return periods.reduce<PeriodEnergy | null>(
    (found, one) => (found === null || of(one) > of(found) ? one : found),
    null,
  );
}

/** Of the energy whose slot is known, the share of cheap slots; null where there are none. */
function offPeakShare(periods: readonly PeriodEnergy[]): number | null {
  let cheap = 0;
  let all = 0;
  for (const { optarif, slot, name, wh } of periods.flatMap((one) => one.tariffs)) {
    const is = isOffPeak(optarif, slot, name);
    if (is === undefined || wh === null) continue;
    all += wh;
    if (is) cheap += wh;
  }
  return all ? cheap / all : null;
}

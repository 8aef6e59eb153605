/** The view "energy": bars of hours to years, for each meter by itself. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Grain } from "../gateway/records";
import { steps } from "../history/controls";
import { TiHistoryView } from "../history/history-view";
import { route, show } from "../route";
import { isoDay } from "../words/format";
import { t, type Text } from "../words/language";
import { COMPARISONS, isDay, rangeOf, shift, type Comparison, type Range } from "../words/legal-time";
import { rangeName } from "./energy-bars";
import "./energy-meter";

interface Choice {
  text: Text;
  counts: readonly number[];
  usual: number;
  one: Text;
  many: Text;
}

const GRAINS: Record<Grain, Choice> = {
  hour: { text: "grainHour", counts: [1, 2, 7], usual: 1, one: "countDay", many: "countDays" },
  day: { text: "grainDay", counts: [7, 14, 31, 92, 365], usual: 31, one: "countDay", many: "countDays" },
  week: { text: "grainWeek", counts: [4, 13, 26, 52], usual: 13, one: "countWeek", many: "countWeeks" },
  month: { text: "grainMonth", counts: [3, 6, 12, 24], usual: 12, one: "countMonth", many: "countMonths" },
  year: { text: "grainYear", counts: [2, 3, 5], usual: 3, one: "countYear", many: "countYears" },
};

const COUNT_AT_MOST = 366;

const COMPARED: Record<Comparison, Text> = {
  previous: "comparePrevious",
  year: "compareYear",
  none: "compareNone",
};

@customElement("ti-energy")
export class TiEnergy extends TiHistoryView {
  static override styles: CSSResultGroup = [
    TiHistoryView.styles,
    css`
      @media (max-width: 30rem) {
        .grains { width: 100%; }
        .grains button { flex: 1; padding: 0; font-size: var(--ti-text-s); }
      }
    `,
  ];

  get #grain(): Grain {
    const asked = route.value.parameters.get("grain") ?? "";
    return asked in GRAINS ? (asked as Grain) : "day";
  }

  get #range(): Range {
    const { parameters } = route.value;
    const count = Math.round(Number(parameters.get("count")));
    const day = parameters.get("date") ?? "";
    const grain = this.#grain;
    return rangeOf(
      grain,
      count >= 1 && count <= COUNT_AT_MOST ? count : GRAINS[grain].usual,
      isDay(day) ? day : isoDay(new Date()),
    );
  }

  get #comparison(): Comparison {
    const asked = route.value.parameters.get("compare");
    return COMPARISONS.find((one) => one === asked) ?? "previous";
  }

  get #money(): boolean {
    return route.value.parameters.get("unit") === "money";
  }

  protected override controls(): TemplateResult {
    const money = this.#money;
    const comparison = this.#comparison;
    return html`
      ${this.#grains()} ${this.#steps(this.#range)}
      <div class="segments" role="group" aria-label=${t("unit")}>
        <button aria-pressed=${!money} @click=${() => show("energy", { unit: "" })}>kWh</button>
        <button aria-pressed=${money} @click=${() => show("energy", { unit: "money" })}>€</button>
      </div>
      <select
        aria-label=${t("compareWith")}
        @change=${(event: Event) => show("energy", { compare: chosen(event) })}
      >
        ${COMPARISONS.map(
          (one) =>
            html`<option value=${one} .selected=${one === comparison}>${t(COMPARED[one])}</option>`,
        )}
      </select>
    `;
  }

  protected override block(meter: string): TemplateResult {
    const asked = { meter, range: this.#range, comparison: this.#comparison, money: this.#money };
    return html`<ti-energy-meter .asked=${asked}></ti-energy-meter>`;
  }

  #grains(): TemplateResult {
    return html`<div class="segments grains" role="group" aria-label=${t("grain")}>
      ${(Object.keys(GRAINS) as Grain[]).map(
        (one) =>
          html`<button
            aria-pressed=${one === this.#grain}
            @click=${() => show("energy", { grain: one, count: "" })}
          >
            ${t(GRAINS[one].text)}
          </button>`,
      )}
    </div>`;
  }

  #steps(range: Range): TemplateResult {
    const { grain, count } = range;
    const { counts, one, many } = GRAINS[grain];
    const today = isoDay(new Date());
    const last = shift(grain, range.to, -1);
    const go = (date: string) => show("energy", { date: date >= today ? "" : date });
    const selectable = [...new Set([...counts, count])].sort((a, b) => a - b);
    return html`
      ${steps({
        date: range.to > today ? today : shift("day", range.to, -1),
        today,
        label: t("rangeUpTo", { range: rangeName(range) }),
        go,
        back: () => go(shift(grain, last, -1)),
        forward: () => go(shift(grain, last, 1)),
        farBack: () => go(shift(grain, last, -count)),
        farForward: () => go(shift(grain, last, count)),
      })}
      <select
        aria-label=${t("count")}
        @change=${(event: Event) => show("energy", { count: chosen(event) })}
      >
        ${selectable.map(
          (number) =>
            html`<option value=${number} .selected=${number === count}>
              ${t(number === 1 ? one : many, { number })}
            </option>`,
        )}
      </select>
    `;
  }
}

function chosen(event: Event): string {
  return (event.target as HTMLSelectElement).value;
}

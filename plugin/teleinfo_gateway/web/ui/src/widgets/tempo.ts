/** `<ti-tempo meter>`: colours of today and tomorrow, days that are left, and the season so far. */

import { css, html, nothing, svg, type PropertyValues, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { Loading } from "../base/loading";
import type { LiveMeter } from "../gateway/live";
import type { Colour, Energy } from "../gateway/records";
import { colourMark, colourName, colourShape, colourStyle } from "../tariff/colour";
import { DAY_COLOURS, counts, season, seasonStart, tempoDay, type Season } from "../tariff/tempo-season";
import { addDays, dayAndYear, monthName, number } from "../words/format";
import { language, t } from "../words/language";
import { shift } from "../words/legal-time";
import { TiPatientWidget, widgetStyle } from "./widget";

const AGAIN_MS = 3_600_000; // a day becomes known once a day
const STEP = 11.5; // from one square of 10 to the next
const LEFT = 44; // of the squares: the names of the months, of which every third has room

@customElement("ti-tempo")
export class TiTempo extends TiPatientWidget {
  static override styles = [
    widgetStyle,
    colourStyle,
    css`
      .body { display: flex; flex-direction: column; gap: var(--ti-space-4); }
      .days, .left { display: grid; gap: var(--ti-space-3); grid-template-columns: 1fr 1fr; }
      .days dd { display: flex; gap: var(--ti-space-2); align-items: center; font-weight: 600; }
      .left { grid-template-columns: repeat(3, 1fr); }
      .left dt { display: flex; gap: var(--ti-space-1); align-items: center; white-space: nowrap; }
      .left dd { font-size: var(--ti-text-l); font-weight: 650; line-height: 1.3; }
      .left small { color: var(--ti-ink-soft); font-size: var(--ti-text-s); font-weight: 400; }
      .season { display: block; width: 100%; max-width: 26rem; }
      .season text { fill: var(--ti-ink-soft); font-size: 13px; }
      .today { fill: none; stroke: var(--ti-ink); stroke-width: 1.5; }
      summary { cursor: pointer; }
      table { width: 100%; margin-top: var(--ti-space-2); border-collapse: collapse; font-size: var(--ti-text-s); }
      th, td { padding: 0.125rem 0; font-weight: 400; text-align: right; }
      th:first-child { text-align: left; }
      tr + tr, tbody { border-top: 1px solid var(--ti-line); }
    `,
  ];

  readonly #energy = new Loading<Energy>(this, AGAIN_MS);

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { gateway, live } = this.connected;
    const state = this.liveMeter?.state;
    if (!state?.estimate.tempo || live.connection.value !== "open") return;
    const today = tempoDay(live.now());
    const ask = { meter: state.name, grain: "day", from: seasonStart(today), to: addDays(today, 1) };
    this.#energy.load(`${state.name} ${today}`, () => gateway.energy(ask));
  }

  override render(): TemplateResult {
    const meter = this.liveMeter;
    return html`<div class="body">
      <h3>Tempo</h3>
      ${meter?.state.estimate.tempo
        ? this.#body(meter)
        : html`<p class="soft">${meter ? t("tempoNotContract") : t("loading")}</p>`}
    </div>`;
  }

  #body(meter: LiveMeter): TemplateResult {
    const tempo = meter.state.estimate.tempo;
    const found = season(tempoDay(this.connected.live.now()), this.#energy.value, tempo);
    const { left, unseen } = counts(found, tempo);
    return html`
      <dl class="days">
        ${coloured(t("today"), tempo?.today ?? "none")} ${coloured(t("tomorrow"), tempo?.tomorrow ?? "none")}
      </dl>
      <div>
        <p class="soft">${t("tempoLeft")}${unseen ? ` · ${t("tempoUnseen", { days: unseen })}` : ""}</p>
        <dl class="left">
          ${DAY_COLOURS.map(
            (colour) => html`<div>
              <dt>${colourMark(colour)} ${colourName(colour)}</dt>
              <dd>${unseen ? html`<small>≤</small> ` : nothing}${number(left[colour])}</dd>
            </div>`,
          )}
        </dl>
      </div>
      ${guard([found.today, this.#energy.value, tempo?.today, tempo?.tomorrow, language.value], () => calendar(found))}
      <details>
        <summary>${t("tempoTable")}</summary>
        ${table(found)}
      </details>
    `;
  }
}

function coloured(name: string, colour: Colour): TemplateResult {
  return html`<div>
    <dt class="soft">${name}</dt>
    <dd>${colourMark(colour)} <span>${colourName(colour)}</span></dd>
  </div>`;
}

function months({ from }: Season): string[] {
  return Array.from({ length: 12 }, (_, place) => shift("month", from, place));
}

function daysOf(month: string): string[] {
  const end = shift("month", month, 1);
  const found: string[] = [];
  for (let day = month; day < end; day = addDays(day, 1)) found.push(day);
  return found;
}

/** A row for each month, a square for each day; the table below says the same in words. */
function calendar(found: Season): TemplateResult {
  const { from, to } = found;
  const label = t("tempoSeason", { from: dayAndYear(at(from)), to: dayAndYear(at(addDays(to, -1))) });
  return html`<svg class="season" viewBox="0 0 ${LEFT + 31 * STEP} ${12 * STEP}" role="img" aria-label=${label}>
    ${months(found).map((month, row) => monthRow(found, month, row))}
  </svg>`;
}

function monthRow({ days, today }: Season, month: string, row: number): SVGTemplateResult {
  const y = row * STEP;
  return svg`${row % 3 ? "" : svg`<text x="0" y=${y + 10}>${monthName(at(month))}</text>`}
    ${daysOf(month).map((day, place) => {
      const x = LEFT + place * STEP;
      const colour = days.get(day);
      const shape = colour
        ? colourShape(colour, x, y)
        : day > today
          ? svg`<rect class="mark-coming" x=${x} y=${y} width="10" height="10" rx="1.5"></rect>`
          : colourShape("none", x, y);
      return svg`${shape}${
        day === today
          ? svg`<rect class="today" x=${x - 0.75} y=${y - 0.75} width="11.5" height="11.5" rx="2"></rect>`
          : ""
      }`;
    })}`;
}

function table(found: Season): TemplateResult {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">${t("tempoMonth")}</th>
        ${DAY_COLOURS.map((colour) => html`<th scope="col">${colourName(colour)}</th>`)}
        <th scope="col">${t("tempoUnknown")}</th>
      </tr>
    </thead>
    <tbody>
      ${months(found)
        .filter((month) => month <= found.today)
        .map((month) => {
          const gone = daysOf(month).filter((day) => day <= found.today);
          const count = (colour?: Colour): number =>
            gone.filter((day) => found.days.get(day) === colour).length;
          return html`<tr>
            <th scope="row">${monthName(at(month))} ${month.slice(0, 4)}</th>
            ${DAY_COLOURS.map((colour) => html`<td>${count(colour)}</td>`)}
            <td>${count()}</td>
          </tr>`;
        })}
    </tbody>
  </table>`;
}

/** Noon of a day, which is that day in every time zone of France. */
function at(day: string): Date {
  return new Date(`${day}T12:00:00Z`);
}

/** `<ti-energy-table>`: the figures of a range, the newest first; also what the chart says in text. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { PER } from "../charts/bar-data";
import { number, percent } from "../words/format";
import { t } from "../words/language";
import { barsOf } from "./energy-bars";
import type { Shown } from "./energy-loading";

@customElement("ti-energy-table")
export class TiEnergyTable extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; min-width: 0; }
      summary { cursor: pointer; }
      .scroll { max-height: 28rem; margin-top: var(--ti-space-2); overflow: auto; }
      table { width: 100%; border-collapse: collapse; font-size: var(--ti-text-s); }
      th, td { padding: var(--ti-space-1) var(--ti-space-2); text-align: right; white-space: nowrap; }
      thead th {
        position: sticky; top: 0; background: var(--ti-surface); font-weight: 600;
        vertical-align: bottom; white-space: normal;
      }
      th:first-child {
        position: sticky; left: 0; background: var(--ti-surface); text-align: left; font-weight: 400;
      }
      thead th:first-child { z-index: 1; }
      @media (max-width: 30rem) { th:first-child { min-width: 7rem; white-space: normal; } }
      tbody tr { border-top: 1px solid var(--ti-line); }
    `,
  ];

  @property({ attribute: false }) shown!: Shown;
  @state() private open = false;

  override render(): TemplateResult {
    return html`<details
      @toggle=${(event: Event) => (this.open = (event.target as HTMLDetailsElement).open)}
    >
      <summary>${t("figures")}</summary>
      ${this.open ? this.#table() : nothing}
    </details>`;
  }

  #table(): TemplateResult {
    const { series, bars, unit } = barsOf(this.shown);
    const { periods } = this.shown.energy;
    const compared = this.shown.compared !== null;
    const figure = (value: number | null) => (value === null ? "–" : number(value / PER[unit], 2));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t("figures")}>
      <table>
        <caption class="hidden">
          ${t("figuresIn", { unit: unit === "money" ? "€" : "kWh" })}
        </caption>
        <thead>
          <tr>
            <th scope="col">${t("figuresIn", { unit: unit === "money" ? "€" : "kWh" })}</th>
            <th scope="col">${t("total")}</th>
            ${series.map(({ name }) => html`<th scope="col">${name}</th>`)}
            ${compared ? html`<th scope="col">${t("before")}</th>` : nothing}
            <th scope="col">${t("highestVa")}</th>
            <th scope="col">${t("heard")}</th>
          </tr>
        </thead>
        <tbody>
          ${bars
            .map(
              (bar, index) => html`<tr>
                <th scope="row">${bar.name}</th>
                <td>${figure(bar.total)}</td>
                ${bar.parts.map((part) => html`<td>${figure(bar.total === null ? null : part)}</td>`)}
                ${compared ? html`<td>${figure(bar.ghost)}</td>` : nothing}
                <td>${periods[index]?.papp_max == null ? "–" : number(periods[index].papp_max)}</td>
                <td>${percent(periods[index]?.coverage ?? 0)}</td>
              </tr>`,
            )
            .reverse()}
        </tbody>
      </table>
    </div>`;
  }
}

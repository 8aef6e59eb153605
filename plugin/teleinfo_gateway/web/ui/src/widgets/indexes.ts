/** `<ti-indexes meter>`: the indexes in kWh, as the meter shows them. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { indexes, type Index } from "../tariff/period";
import { slotName, slotToken } from "../tariff/tariff";
import { number } from "../words/format";
import { t } from "../words/language";
import { TiWidget, widgetStyle } from "./widget";

@customElement("ti-indexes")
export class TiIndexes extends TiWidget {
  static override styles = [
    widgetStyle,
    css`
      h3 { margin-bottom: var(--ti-space-3); }
      table { width: 100%; border-collapse: collapse; }
      tr + tr { border-top: 1px solid var(--ti-line); }
      th, td { padding: var(--ti-space-1) 0; font-weight: 400; text-align: left; }
      td { padding-left: var(--ti-space-3); text-align: right; white-space: nowrap; }
      .name { display: grid; grid-template-columns: auto 1fr; gap: 0 var(--ti-space-2); align-items: center; }
      .swatch { width: 0.75rem; height: 0.75rem; border-radius: 0.2rem; }
      .label { grid-column: 2; }
      .now { font-weight: 650; }
      .fine { color: var(--ti-ink-soft); font-size: 0.85em; }
      .total { border-top: 2px solid var(--ti-line); }
    `,
  ];

  override render(): TemplateResult {
    const rows = this.liveMeter ? indexes(this.liveMeter) : [];
    return html`<div class="body">
      <h3>${t("indexes")}</h3>
      ${rows.length
        ? html`<table>
            <thead class="hidden">
              <tr><th scope="col">${t("indexName")}</th><th scope="col">kWh</th></tr>
            </thead>
            <tbody>${rows.map(row)}</tbody>
          </table>`
        : html`<p class="soft">${t("nothing")}</p>`}
    </div>`;
  }
}

function row(index: Index): TemplateResult {
  const { optarif, slot, name, label, wh, now } = index;
  const colour = slot ? `var(${slotToken(optarif, slot)})` : "transparent";
  const called = slot ? slotName(optarif, slot, name) : t("indexTotal");
  const said = called === label ? "" : label;
  return html`<tr class=${slot ? "" : "total"}>
    <th scope="row">
      <span class="name">
        <span class="swatch" .style=${`background: ${colour}`}></span>
        <span class=${now ? "now" : ""}>${called}${now ? ` · ${t("indexNow")}` : nothing}</span>
        <span class="label soft">${said}</span>
      </span>
    </th>
    <td class=${now ? "now" : ""}>${shown(wh)}</td>
  </tr>`;
}

/** The meter shows whole kWh; what is counted beyond stands back. */
function shown(wh: number): TemplateResult {
  const text = number(wh / 1000, 3);
  return html`${text.slice(0, -4)}<span class="fine">${text.slice(-4)} kWh</span>`;
}

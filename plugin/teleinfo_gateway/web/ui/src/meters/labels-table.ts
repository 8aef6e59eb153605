/** `<ti-labels-table meter="house">`: what a meter says, label by label, as it says it. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import { look } from "../look/look";
import { askLabels, labelName, labels } from "../tic/labels";
import { t } from "../words/language";
import { meaning } from "./label-meaning";

const { live } = connection();

@customElement("ti-labels-table")
export class TiLabelsTable extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: block; container-type: inline-size; }
      table { width: 100%; border-collapse: collapse; table-layout: fixed; }
      caption { padding: var(--ti-space-3) 0 var(--ti-space-1); text-align: left; font-weight: 600; }
      th, td {
        padding: var(--ti-space-2) var(--ti-space-2) var(--ti-space-2) 0; vertical-align: top;
        text-align: left;
      }
      thead th { color: var(--ti-ink-soft); font-size: var(--ti-text-s); font-weight: 400; }
      tbody tr { border-top: 1px solid var(--ti-line); }
      th { font-weight: 400; }
      tbody th span { display: block; color: var(--ti-ink-soft); font-size: var(--ti-text-s); }
      .plain { overflow-wrap: anywhere; }
      .raw { color: var(--ti-ink-soft); white-space: pre-wrap; }
      div { display: grid; gap: 0 var(--ti-space-4); align-items: baseline; }
      @container (min-width: 44rem) {
        th:first-child { width: 36%; }
        div { grid-template-columns: 3fr 2fr; }
      }
    `,
  ];

  @property() meter = "";

  constructor() {
    super();
    new Watching(this, live.meters, labels);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void askLabels();
  }

  override render(): TemplateResult {
    const meter = live.meters.value.get(this.meter);
    const values = Object.entries(meter?.values ?? {});
    if (!meter || !values.length) return html`<p class="soft">${t("labelsNone")}</p>`;
    const derived = Object.entries(meter.historique).filter(([name]) => !(name in meter.values));
    const optarif = meter.historique["OPTARIF"] ?? "";
    return html`
      ${this.#table("", values, optarif)}
      ${derived.length ? this.#table(t("labelsDerived"), derived, optarif) : nothing}
    `;
  }

  #table(caption: string, values: [string, string][], optarif: string): TemplateResult {
    return html`<table>
      <caption class=${caption ? "" : "hidden"}>
        ${caption || t("labelsSaid", { meter: this.meter })}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t("labelsLabel")}</th>
          <th scope="col">
            <div><span class="plain">${t("labelsValue")}</span><span>${t("labelsRaw")}</span></div>
          </th>
        </tr>
      </thead>
      <tbody>
        ${values.map(([name, value]) => this.#row(name, value, optarif))}
      </tbody>
    </table>`;
  }

  #row(name: string, value: string, optarif: string): TemplateResult {
    return html`<tr>
      <th scope="row"><code>${name}</code><span>${labelName(name)}</span></th>
      <td>
        <div>
          <span class="plain">${meaning(name, value, optarif)}</span>
          <code class="raw">${value.trim() ? value : t("labelsEmpty")}</code>
        </div>
      </td>
    </tr>`;
  }
}

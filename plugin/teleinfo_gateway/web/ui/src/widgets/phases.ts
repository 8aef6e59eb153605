/** `<ti-phases meter>`: currents, voltages and powers of each phase, and what the gateway reckons. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Estimate } from "../gateway/records";
import { phases, type Phase } from "../tic/electric";
import { duration } from "../words/elapsed";
import { number } from "../words/format";
import { t, type Text } from "../words/language";
import { TiWidget, widgetStyle } from "./widget";

const COLUMNS: readonly { text: Text; unit: string; of: (phase: Phase) => number | undefined }[] = [
  { text: "phaseCurrent", unit: "A", of: (phase) => phase.amperes },
  { text: "phaseVoltage", unit: "V", of: (phase) => phase.volts },
  { text: "gaugePower", unit: "VA", of: (phase) => phase.va },
];

@customElement("ti-phases")
export class TiPhases extends TiWidget {
  static override styles = [
    widgetStyle,
    css`
      .body { display: flex; flex-direction: column; gap: var(--ti-space-4); }
      table { width: 100%; border-collapse: collapse; }
      th { padding: 0 0 var(--ti-space-1); color: var(--ti-ink-soft); font-size: var(--ti-text-s); font-weight: 400; }
      th:not(:first-child), td { text-align: right; }
      th:first-child { text-align: left; }
      td { padding: var(--ti-space-1) 0; font-weight: 600; }
      tbody th { padding: var(--ti-space-1) 0; color: inherit; font-size: inherit; }
      tbody tr { border-top: 1px solid var(--ti-line); }
      td small { color: var(--ti-ink-soft); font-weight: 400; }
      .estimate { margin-top: auto; padding-top: var(--ti-space-3); border-top: 1px solid var(--ti-line); }
      dl { display: grid; grid-template-columns: 1fr auto; gap: var(--ti-space-1) var(--ti-space-3); }
      dt { color: var(--ti-ink-soft); }
      dd { font-weight: 600; text-align: right; }
      .over { color: var(--ti-bad); }
    `,
  ];

  override render(): TemplateResult {
    const meter = this.liveMeter;
    const found = meter ? phases(meter) : [];
    const columns = COLUMNS.filter(({ of }) => found.some((one) => of(one) !== undefined));
    return html`<div class="body">
      <h3>${t("phasesTitle")}</h3>
      ${columns.length
        ? html`<table>
            <thead>
              <tr>
                <th scope="col">${t("phaseColumn")}</th>
                ${columns.map(({ text }) => html`<th scope="col">${t(text)}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${found.map(
                (one) => html`<tr>
                  <th scope="row">${one.number}</th>
                  ${columns.map(({ unit, of }) => cell(of(one), unit))}
                </tr>`,
              )}
            </tbody>
          </table>`
        : html`<p class="soft">${t("nothing")}</p>`}
      ${meter ? reckoned(meter.state.estimate, found.length > 1) : nothing} ${this.overlay()}
    </div>`;
  }
}

function cell(value: number | undefined, unit: string): TemplateResult {
  return html`<td>${value === undefined ? "–" : html`${number(value)} <small>${unit}</small>`}</td>`;
}

/** An estimate of a power, and how far it may be off. */
function about(watts: number, error: number | null = null): string {
  const off = error === null ? "" : ` ± ${number(error)}`;
  return `≈ ${number(watts)}${off} W`.replaceAll(" ", "\u00a0");
}

/** Each of these is an estimate of the gateway, and said to be one. */
function reckoned(estimate: Estimate, three: boolean): TemplateResult {
  const { active_power_w: active, error_w, injected_power_w: injected } = estimate;
  const { margin_va, margin_a, breaker_s } = estimate;
  return html`<div class="estimate">
    <p class="soft">${t("estimated")}</p>
    <dl>
      <dt>${t("estimatedActive")}</dt>
      <dd>${active === null ? t("notKnown") : about(active, error_w)}</dd>
      ${injected ? html`<dt>${t("estimatedInjected")}</dt><dd>${about(injected)}</dd>` : nothing}
      <dt>${t(three ? "estimatedMarginPhase" : "estimatedMargin")}</dt>
      <dd class=${(margin_va ?? margin_a ?? 0) < 0 ? "over" : ""}>
        ${[
          margin_va === null ? "" : `${number(margin_va)} VA`,
          margin_a === null ? "" : `${number(margin_a)} A`,
        ]
          .filter(Boolean)
          .join(" · ") || "–"}
      </dd>
      ${breaker_s === null
        ? nothing
        : html`<dt>${t("estimatedBreaker")}</dt>
            <dd class="over">${t("estimatedBreakerIn", { time: duration(breaker_s) })}</dd>`}
    </dl>
  </div>`;
}

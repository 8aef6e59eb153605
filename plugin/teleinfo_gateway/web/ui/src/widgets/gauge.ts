/** `<ti-gauge meter sensor>`: power, or another sensor, against the subscription. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import "../charts/arc";
import { Ticking } from "../base/clock";
import type { LiveMeter } from "../gateway/live";
import { amount, isThreePhase, load, phases, type Load, type Phase } from "../tic/electric";
import { number, percent } from "../words/format";
import { t } from "../words/language";
import { TiWidget, widgetStyle } from "./widget";

const FULL = 1.3; // of the limit, as the arc

@customElement("ti-gauge")
export class TiGauge extends TiWidget {
  static override styles = [
    widgetStyle,
    css`
      .value { font-size: var(--ti-text-xl); font-weight: 650; line-height: 1; letter-spacing: -0.02em; }
      .unit { margin-left: 0.2em; color: var(--ti-ink-soft); font-size: var(--ti-text-l); font-weight: 400; }
      .note { min-height: 1.6em; margin-top: var(--ti-space-1); text-align: center; }
      .injected { color: var(--ti-good); font-weight: 600; }
      .over { color: var(--ti-bad); font-weight: 600; }
      .phases { display: grid; gap: var(--ti-space-2); margin-top: var(--ti-space-4); }
      .phase { display: grid; grid-template-columns: 1fr auto; column-gap: var(--ti-space-2); }
      .phase svg { grid-column: 1 / -1; width: 100%; height: 0.75rem; }
      .ground { fill: var(--ti-sunken); }
      .share { fill: var(--ti-arc, var(--ti-accent)); }
      .beyond { stroke: var(--ti-bad); stroke-width: 12; stroke-dasharray: 1 2.5; opacity: 0.55; }
      .excess { fill: var(--ti-bad); }
      .limit { stroke: var(--ti-ink); stroke-width: 1; vector-effect: non-scaling-stroke; }
    `,
  ];

  constructor() {
    super();
    new Ticking(this);
  }

  override render(): TemplateResult {
    const meter = this.liveMeter;
    const now = meter && load(meter, this.sensor);
    const three = meter !== undefined && !this.sensor && isThreePhase(meter);
    return html`<div class="body">
      <h3>
        ${this.sensor
          ? this.nameOf(this.sensor.toUpperCase())
          : t(now?.unit === "A" ? "gaugeCurrent" : "gaugePower")}
      </h3>
      <ti-arc .share=${now?.limit ? now.value / now.limit : undefined} .label=${words(now)}>
        <span>
          <span class="value">${now ? number(now.value) : "–"}</span
          ><span class="unit">${now?.unit ?? ""}</span>
        </span>
        <span class="soft">${now?.limit ? t("gaugeOf", { limit: limitWords(now) }) : nothing}</span>
      </ti-arc>
      <p class="note">${meter && !this.sensor ? injected(meter) : nothing}${note(now)}</p>
      ${three && meter
        ? html`<div class="phases">${phases(meter).map((one) => phaseBar(one))}</div>`
        : nothing}
      ${this.overlay()}
    </div>`;
  }
}

function limitWords({ limit = 0, unit }: Load): string {
  return unit === "VA" ? `${number(limit / 1000, limit % 1000 ? 1 : 0)} kVA` : `${number(limit)} ${unit}`;
}

function words(now: Load | undefined): string {
  if (!now) return t("nothing");
  const value = `${number(now.value)} ${now.unit}`;
  if (!now.limit) return value;
  const share = percent(now.value / now.limit);
  return t("gaugeWords", { value, limit: limitWords(now), share });
}

function note(now: Load | undefined): TemplateResult | typeof nothing {
  if (!now?.limit) return nothing;
  const over = now.value - now.limit;
  const value = `${number(Math.abs(over))} ${now.unit}`;
  return over > 0
    ? html`<span class="over">▲ ${t("gaugeOver", { value })}</span>`
    : html`<span class="soft">${t("gaugeFree", { value, share: percent(now.value / now.limit) })}</span>`;
}

function injected(meter: LiveMeter): TemplateResult | typeof nothing {
  const va = amount(meter, "SINSTI");
  if (!va) return nothing;
  return html`<span class="injected">◂ ${t("gaugeInjected", { value: `${number(va)} VA` })}</span><br />`;
}

/** The current of one phase; beyond the limit the bar has another colour and another ground. */
function phaseBar({ number: phase, amperes, limit }: Phase): TemplateResult {
  const scale = limit ? 100 / FULL : 0;
  const share = limit && amperes !== undefined ? Math.min(amperes / limit, FULL) : 0;
  const over = share > 1;
  return html`<div class="phase">
    <span>${t("phase", { phase })}</span>
    <span class=${over ? "over" : ""}>
      ${over ? `▲ ${t("phaseOver")} ` : ""}${amperes === undefined ? "–" : number(amperes)}${limit
        ? ` / ${number(limit)}`
        : ""}
      A
    </span>
    <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" width=${scale} height="12"></rect>
      <line class="beyond" x1=${scale + 1.5} x2="100" y1="6" y2="6"></line>
      <rect class="share" y="2" height="8" width=${Math.min(share, 1) * scale}></rect>
      <rect class="excess" x=${scale} height="12" width=${Math.max(share - 1, 0) * scale}></rect>
      <line class="limit" x1=${scale} x2=${scale} y1="0" y2="12"></line>
    </svg>
  </div>`;
}

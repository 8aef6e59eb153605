/** `<ti-period meter>`: the tariff period of now and since when, colours of days, notice of a peak. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { Loading } from "../base/loading";
import type { LiveMeter } from "../gateway/live";
import type { Colour, EventTold } from "../gateway/records";
import { colourMark, colourName, colourStyle } from "../tariff/colour";
import { option, peak, period, today, tomorrow, trimmed } from "../tariff/period";
import { slotName, slotToken } from "../tariff/tariff";
import { isThreePhase, subscribedA, subscribedVa } from "../tic/electric";
import { isoDay, moment, number, time } from "../words/format";
import { t } from "../words/language";
import { TiWidget, widgetStyle } from "./widget";

const OPTIONS = { BASE: "contractBase", "HC..": "contractHc", "EJP.": "contractEjp", "BBR(": "contractTempo" } as const;

@customElement("ti-period")
export class TiPeriod extends TiWidget {
  static override styles = [
    widgetStyle,
    colourStyle,
    css`
      .body { display: flex; flex-direction: column; gap: var(--ti-space-4); }
      .now { display: grid; grid-template-columns: auto 1fr; column-gap: var(--ti-space-3); align-items: center; }
      .swatch { grid-row: span 2; width: 0.75rem; height: 100%; min-height: 3rem; border-radius: 99rem; }
      .name {
        font-size: clamp(1.375rem, 9cqi, 1.875rem); font-weight: 650; line-height: 1.15;
        letter-spacing: -0.01em;
      }
      .days { display: grid; grid-template-columns: 1fr 1fr; gap: var(--ti-space-3); }
      .days dd { display: flex; gap: var(--ti-space-2); align-items: center; font-weight: 600; }
      .peak {
        padding: var(--ti-space-2) var(--ti-space-3); border: 2px solid var(--ti-bad);
        border-radius: var(--ti-radius); color: var(--ti-bad); font-weight: 600;
      }
      .contract {
        display: grid; grid-template-columns: 1fr 1fr; gap: var(--ti-space-3);
        margin-top: auto; padding-top: var(--ti-space-3); border-top: 1px solid var(--ti-line);
      }
    `,
  ];

  readonly #logged = new Loading<EventTold | undefined>(this);

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { gateway, live } = this.connected;
    const meter = this.liveMeter?.state.name;
    if (!meter || live.connection.value !== "open") return;
    // A gateway without a history has no log: then nobody knows since when.
    this.#logged.load(meter, async () => (await gateway.log({ meter, kind: "tariff", limit: 1 })).events[0]);
  }

  override render(): TemplateResult {
    const meter = this.liveMeter;
    return html`<div class="body">
      <h3>${t("periodNow")}</h3>
      ${meter ? this.#body(meter) : html`<p class="soft">${t("loading")}</p>`} ${this.overlay()}
    </div>`;
  }

  #body(meter: LiveMeter): TemplateResult {
    const now = period(meter);
    const colours = [today(meter), tomorrow(meter)] as const;
    const hint = peak(meter);
    const colour = now ? `var(${slotToken(now.optarif, now.slot)})` : "";
    return html`
      <div class="now">
        <span class="swatch" .style=${`background: ${colour}`}></span>
        <span class="name">${now ? slotName(now.optarif, now.slot, now.name) : "–"}</span>
        <span class="soft">${this.#since(meter)}</span>
      </div>
      <div role="status">
        ${hint.now ? html`<p class="peak">◆ ${t("peakNow")}</p>` : nothing}
        ${hint.notice ? html`<p class="peak">◇ ${t("peakAnnounced")}</p>` : nothing}
      </div>
      ${colours[0] || colours[1]
        ? html`<dl class="days">${day(t("today"), colours[0])} ${day(t("tomorrow"), colours[1])}</dl>`
        : nothing}
      <dl class="contract">
        <div>
          <dt class="soft">${t("contractName")}</dt>
          <dd>${contract(meter)}</dd>
        </div>
        <div>
          <dt class="soft">${t("contractPower")}</dt>
          <dd>${subscribed(meter)}</dd>
        </div>
      </dl>
    `;
  }

  /** The event of the stream, else the last of the log if it told the period of now. */
  #since(meter: LiveMeter): string {
    const told = [meter.announced["tariff"], this.#logged.value ?? undefined].find(
      (one) => one && (one.value === meter.historique["PTEC"] || one.value === meter.values["NTARF"]),
    );
    if (!told) return "";
    const since = new Date(told.time);
    const isToday = isoDay(since) === isoDay(this.connected.live.now());
    return t("sinceTime", { time: isToday ? time(since) : moment(since) });
  }
}

function day(name: string, colour: Colour | undefined): TemplateResult {
  return html`<div>
    <dt class="soft">${name}</dt>
    <dd>${colourMark(colour ?? "none")} <span>${colourName(colour ?? "none")}</span></dd>
  </div>`;
}

function contract(meter: LiveMeter): string {
  const known = OPTIONS[option(meter) as keyof typeof OPTIONS];
  return known ? t(known) : trimmed(meter.values["NGTF"]) || "–";
}

function subscribed(meter: LiveMeter): string {
  const va = subscribedVa(meter);
  const current = subscribedA(meter);
  if (va === undefined) return "–";
  const kva = `${number(va / 1000, va % 1000 ? 1 : 0)} kVA`;
  if (current === undefined) return kva;
  return `${kva} · ${isThreePhase(meter) ? "3 × " : ""}${number(current)} A`;
}

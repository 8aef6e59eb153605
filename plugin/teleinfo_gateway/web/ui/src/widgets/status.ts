/** `<ti-status meter>`: the reader in Domogik's words, the line and its quality, what to do. */

import { css, html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { Ticking } from "../base/clock";
import { PART_S, PARTS, type Part } from "../gateway/heard";
import type { LiveMeter } from "../gateway/live";
import { chip, look } from "../look/look";
import { linkLook, statusLook } from "../meters/states";
import { ago } from "../words/elapsed";
import { number, percent } from "../words/format";
import { t } from "../words/language";
import { TiPatientWidget, widgetStyle } from "./widget";

const WINDOWS = ["1", "15", "60"] as const;

@customElement("ti-status")
export class TiStatus extends TiPatientWidget {
  static override styles = [
    widgetStyle,
    look,
    css`
      .body { display: flex; flex-direction: column; gap: var(--ti-space-3); }
      .state {
        display: grid; grid-template-columns: auto 1fr; gap: var(--ti-space-2) var(--ti-space-3);
        align-items: center;
      }
      .strip { display: block; width: 100%; height: 2.25rem; }
      .sound { fill: var(--ti-good); }
      .faulty { fill: var(--ti-warn); }
      .silent { fill: var(--ti-bad); }
      .before { fill: var(--ti-line); }
      .key { display: flex; flex-wrap: wrap; gap: 0 var(--ti-space-3); }
      .key svg { width: 0.5rem; height: 0.875rem; vertical-align: -0.1rem; }
      .rates { display: grid; grid-template-columns: repeat(3, 1fr); gap: var(--ti-space-2); }
      .rates dd { font-weight: 600; }
    `,
  ];

  constructor() {
    super();
    new Ticking(this);
  }

  override render(): TemplateResult {
    const meter = this.liveMeter;
    const gone = ["lost", "refused"].includes(this.connected.live.connection.value);
    return html`<div class="body">
      <h3>${t("lineTitle")}</h3>
      ${meter ? this.#body(meter) : html`<p class="soft">${this.absence || t("loading")}</p>`}
      ${meter && gone ? this.overlay() : nothing}
    </div>`;
  }

  #body(meter: LiveMeter): TemplateResult {
    const { status, link, link_detail, advice, error_rate, last_received, bytes_per_second } = meter.state;
    const reader = statusLook(status);
    const line = linkLook(link);
    const now = this.connected.live.now();
    const age = last_received === null ? undefined : ago(now - Date.parse(last_received) / 1000);
    return html`
      <div class="state">
        ${chip(reader.tone, status)}<span>${t("readerState", { state: reader.meaning })}</span>
        ${status === "stopped" // else its line is that of before
          ? nothing
          : html`${chip(line.tone, link)}<span>${t("lineState", { state: line.meaning })}</span>`}
      </div>
      <p class="soft">
        ${age === undefined ? t("lineNever") : t("lineLast", { age })} ·
        ${t("lineSpeed", { bytes: number(bytes_per_second) })}
      </p>
      ${advice || link_detail ? html`<p class="problem advice" lang="en">${advice || link_detail}</p>` : nothing}
      ${strip(meter.strip.parts(now))}
      <div>
        <p class="soft" id="rates">${t("lineRefused")}</p>
        <dl class="rates" aria-labelledby="rates">
          ${WINDOWS.map((minutes) => {
            const rate = error_rate[minutes] ?? null;
            return html`<div>
              <dt class="soft">${t("lineMinutes", { minutes })}</dt>
              <dd>${rate === null ? "–" : percent(rate)}</dd>
            </div>`;
          })}
        </dl>
      </div>
    `;
  }
}

/** The last minutes: a full bar was heard well, half a bar had faults, a foot alone is silence. */
function strip(parts: readonly (Part | undefined)[]): TemplateResult {
  const kinds = parts.map(kindOf);
  const count = (kind: Kind): number => kinds.filter((one) => one === kind).length;
  const minutes = (PARTS * PART_S) / 60;
  const label = t("stripTold", { minutes, faulty: count("faulty"), silent: count("silent"), part: PART_S });
  return html`<div>
    <p class="soft">${t("stripTitle", { minutes })}</p>
    <svg class="strip" viewBox="0 0 ${PARTS * 4} 20" preserveAspectRatio="none" role="img" aria-label=${label}>
      ${kinds.map((kind, place) => bar(kind, place * 4 + 0.5))}
    </svg>
    <p class="soft key">
      ${(["sound", "faulty", "silent"] as const).map(
        (kind) => html`<span>
          <svg viewBox="0 0 4 20" preserveAspectRatio="none" aria-hidden="true">
            ${bar(kind, 0.5)}
          </svg>
          ${t(KEYS[kind])}
        </span>`,
      )}
    </p>
  </div>`;
}

type Kind = "before" | "sound" | "faulty" | "silent";
const KEYS = { sound: "stripSound", faulty: "stripFaulty", silent: "stripSilent" } as const;

function kindOf(part: Part | undefined): Kind {
  if (!part) return "before";
  if (part.refused) return "faulty";
  return part.frames ? "sound" : "silent";
}

function bar(kind: Kind, x: number): SVGTemplateResult {
  const height = { sound: 20, faulty: 11, silent: 3, before: 1 }[kind];
  return svg`<rect class=${kind} x=${x} y=${20 - height} width="3" height=${height}></rect>`;
}

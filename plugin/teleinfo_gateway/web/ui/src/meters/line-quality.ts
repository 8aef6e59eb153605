/** `<ti-line-quality .meter=${state}>`: how well the line of a meter is heard, and what to do. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import type { MeterState } from "../gateway/records";
import { fact, look } from "../look/look";
import { number, percent } from "../words/format";
import { t, type Text } from "../words/language";

const REASONS: Record<string, Text> = {
  checksum: "refusedChecksum",
  parity: "refusedParity",
  "too long": "refusedLong",
  "control character": "refusedControl",
  charset: "refusedCharset",
  format: "refusedFormat",
  size: "refusedSize",
  value: "refusedValue",
};

const KINDS: Record<string, Text> = {
  long: "frameLong",
  short: "frameShort",
  standby: "frameStandby",
  interrupted: "frameInterrupted",
  partial: "framePartial",
};

/** The counts of what happened at least once, each in words. */
function counted(counts: Record<string, number>, texts: Record<string, Text>): string {
  return Object.entries(counts)
    .filter(([, count]) => count)
    .map(([name, count]) => `${texts[name] ? t(texts[name]) : name} ${number(count)}`)
    .join(", ");
}

@customElement("ti-line-quality")
export class TiLineQuality extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-3); align-content: start; }
      h4 { margin: 0; font-weight: 600; }
      .rates {
        display: grid; grid-template-columns: repeat(3, 1fr); gap: var(--ti-space-2);
        text-align: center;
      }
      .rates div {
        display: flex; flex-direction: column-reverse; padding: var(--ti-space-2);
        border-radius: var(--ti-radius); background: var(--ti-sunken);
      }
      .rates dd { font-size: var(--ti-text-l); font-weight: 600; }
    `,
  ];

  @property({ attribute: false }) meter?: MeterState;

  override render(): TemplateResult {
    const meter = this.meter;
    if (!meter) return html``;
    const refused = counted(meter.refused, REASONS);
    return html`
      <h4>${t("quality")}</h4>
      ${meter.advice ? html`<p class="problem advice" lang="en">${meter.advice}</p>` : nothing}
      <p class="soft" id="rates">${t("qualityRefused")}</p>
      <dl class="rates" aria-labelledby="rates">
        ${["1", "15", "60"].map((minutes) => {
          const rate = meter.error_rate[minutes] ?? null;
          return html`<div>
            <dt class="soft">${t("qualityMinutes", { minutes })}</dt>
            <dd>${rate === null ? "–" : percent(rate)}</dd>
          </div>`;
        })}
      </dl>
      <dl class="facts">
        ${fact(t("qualityReasons"), refused || t("qualityNoneRefused"))}
        ${fact(t("qualityGroups"), number(meter.groups))}
        ${fact(t("qualityFrames"), counted(meter.frames, KINDS) || t("nothing"))}
        ${fact(t("qualityBytes"), t("qualityPerSecond", { bytes: number(meter.bytes_per_second) }))}
        ${meter.eots ? fact(t("qualityEot"), number(meter.eots)) : nothing}
        ${meter.overruns ? fact(t("qualityOverruns"), number(meter.overruns)) : nothing}
      </dl>
    `;
  }
}

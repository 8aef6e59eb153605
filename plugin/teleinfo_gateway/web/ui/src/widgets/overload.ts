/** `<ti-overload meter>`: a banner while the subscription is exceeded, nothing else. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { LiveMeter } from "../gateway/live";
import type { Overload } from "../gateway/live-meter";
import { subscribedA } from "../tic/electric";
import { duration } from "../words/elapsed";
import { number, seconds } from "../words/format";
import { t } from "../words/language";
import { TiWidget, widgetStyle } from "./widget";

@customElement("ti-overload")
export class TiOverload extends TiWidget {
  static override styles = [
    widgetStyle,
    css`
      .banner {
        display: grid; grid-template-columns: auto 1fr; gap: 0 var(--ti-space-3); align-items: center;
        margin-top: var(--ti-space-3); padding: var(--ti-space-3) var(--ti-space-4); border-radius: var(--ti-radius);
        background: var(--ti-bad); color: var(--ti-on-bad);
      }
      svg { grid-row: span 2; width: 2rem; fill: none; stroke: currentColor; stroke-width: 2; }
      strong { font-size: var(--ti-text-l); line-height: 1.3; }
      .detail { grid-column: 2; }
    `,
  ];

  override render(): TemplateResult {
    const meter = this.absence ? undefined : this.liveMeter;
    const over = meter?.overload;
    // The alert is there before its text, and has no number that changes: it is read out once.
    return html`<div class=${over ? "banner" : ""}>
      ${over
        ? html`<svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 3 22.5 21h-21ZM12 10v5M12 17.5v1"></path>
          </svg>`
        : nothing}
      <strong role="alert">${meter && over ? words(meter, over.value) : ""}</strong>
      ${meter && over ? html`<span class="detail">${details(meter, over)}</span>` : nothing}
    </div>`;
  }
}

function details(meter: LiveMeter, { since }: Overload): string {
  const left = meter.state.estimate.breaker_s;
  return [
    since === null ? "" : t("sinceTime", { time: seconds(new Date(since)) }),
    left === null ? "" : t("overloadBreaker", { time: duration(left) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

function words(meter: LiveMeter, value: string): string {
  const limit = subscribedA(meter);
  const phases = value.split(",").filter((one) => one !== "power");
  const what = phases.length
    ? t(phases.length > 1 ? "overloadPhases" : "overloadPhase", {
        phases: phases.join(", "),
        limit: limit === undefined ? "–" : number(limit),
      })
    : t("overloadPower");
  return t("overloadBanner", { meter: meter.state.name, what });
}

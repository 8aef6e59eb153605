/** `<ti-value meter sensor>`: one label of a meter, by its name and with its age. */

import { css, html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { Ticking } from "../base/clock";
import { colourName } from "../tariff/colour";
import { period, tomorrow, trimmed } from "../tariff/period";
import { slotName } from "../tariff/tariff";
import { unitOf } from "../tic/electric";
import { labels } from "../tic/labels";
import { ago } from "../words/elapsed";
import { number } from "../words/format";
import { TiWidget, widgetStyle } from "./widget";

@customElement("ti-value")
export class TiValue extends TiWidget {
  static override styles = [
    widgetStyle,
    css`
      .body { display: grid; align-content: space-between; gap: var(--ti-space-1); }
      .value {
        font-size: clamp(1.25rem, 12cqi, 2.5rem); font-weight: 650; line-height: 1.15;
        letter-spacing: -0.01em; overflow-wrap: anywhere;
      }
      .unit { color: var(--ti-ink-soft); font-size: 0.6em; font-weight: 400; }
    `,
  ];

  constructor() {
    super();
    new Ticking(this);
  }

  override render(): TemplateResult {
    const label = (this.sensor || "papp").toUpperCase();
    const [value, unit] = this.#shown(label, labels.value.get(label)?.unit || unitOf(label));
    const last = this.liveMeter?.state.last_received;
    const age = last ? this.connected.live.now() - Date.parse(last) / 1000 : undefined;
    return html`<div class="body">
      <h3>${this.nameOf(label)}</h3>
      <p><span class="value">${value} <span class="unit">${unit}</span></span></p>
      <p class="soft">${label}${age === undefined ? "" : ` · ${ago(age)}`}</p>
      ${this.overlay()}
    </div>`;
  }

  #shown(label: string, unit: string): [string, string] {
    const meter = this.liveMeter;
    const text = trimmed(this.value(label));
    if (!meter || !text) return ["–", ""];
    if (label === "PTEC") {
      const now = period(meter);
      return [now ? slotName(now.optarif, now.slot, now.name) : text, ""];
    }
    if (label === "DEMAIN") return [colourName(tomorrow(meter) ?? "none"), ""];
    if (!unit || !/^-?\d+$/.test(text)) return [text, unit];
    return unit === "Wh" ? [number(Number(text) / 1000, 3), "kWh"] : [number(Number(text)), unit];
  }
}

/** `<ti-live-meter meter>`: all that one meter says now. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { chip, look } from "../look/look";
import { linkLook } from "../meters/states";
import { TiWidget, widgetStyle } from "../widgets/widget";
import { t } from "../words/language";
import "../widgets/gauge";
import "../widgets/indexes";
import "../widgets/overload";
import "../widgets/period";
import "../widgets/phases";
import "../widgets/status";
import "../widgets/tempo";

// The chart library comes after the numbers.
void import("../widgets/curve");

@customElement("ti-live-meter")
export class TiLiveMeter extends TiWidget {
  static override styles = [
    widgetStyle,
    look,
    css`
      .body { display: grid; gap: var(--ti-space-4); align-content: start; }
      h2 { overflow-wrap: anywhere; }
      .now, .cards { position: relative; display: grid; gap: var(--ti-space-4); grid-template-columns: minmax(0, 1fr); }
      .now > .card { --ti-absent: none; }
      .now > .absent { align-content: start; padding-top: 6rem; }
      .curve { min-height: 20rem; }
      @container (min-width: 36rem) {
        .now, .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
        .phases, .tempo > .line { grid-column: 1 / -1; }
      }
      @container (min-width: 60rem) {
        .now, .tempo { grid-template-columns: repeat(3, minmax(0, 1fr)); }
        .phases, .tempo > .line { grid-column: auto; }
      }
    `,
  ];

  override render(): TemplateResult {
    const state = this.liveMeter?.state;
    const meter = this.meter;
    const absence = this.absence;
    const line = state ? linkLook(state.link) : undefined;
    const tone = absence && line?.tone !== "warn" ? "bad" : line?.tone;
    const words = absence || (line && t("lineState", { state: line.meaning }));
    return html`<section class="body" aria-label=${meter}>
      <div>
        <div class="row spread">
          <h2>${meter}</h2>
          ${tone ? chip(tone, words) : nothing}
        </div>
        <ti-overload meter=${meter}></ti-overload>
      </div>
      ${state?.adco ? this.#cards(meter, state.estimate.tempo !== null) : this.#line(meter)}
    </section>`;
  }

  /** Of a meter that was never heard there is nothing to show but its line. */
  #line(meter: string): TemplateResult {
    return html`<ti-status class="card" meter=${meter}></ti-status>`;
  }

  #cards(meter: string, tempo: boolean): TemplateResult {
    return html`
      <div class="now">
        <ti-gauge class="card" meter=${meter}></ti-gauge>
        <ti-period class="card" meter=${meter}></ti-period>
        <ti-phases class="card phases" meter=${meter}></ti-phases>
        ${this.overlay()}
      </div>
      <ti-curve class="card curve" meter=${meter}></ti-curve>
      <div class="cards ${tempo ? "tempo" : ""}">
        <ti-indexes class="card" meter=${meter}></ti-indexes>
        ${tempo ? html`<ti-tempo class="card" meter=${meter}></ti-tempo>` : nothing}
        <ti-status class="card line" meter=${meter}></ti-status>
      </div>
    `;
  }
}

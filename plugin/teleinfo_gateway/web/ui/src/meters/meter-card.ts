/** `<ti-meter-card meter="house">`: one meter, its reader and its line, and what it says. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import type { MeterState } from "../gateway/records";
import { chip, fact, look } from "../look/look";
import { duration, elapsed } from "../words/elapsed";
import { dayAndYear, moment, seconds } from "../words/format";
import { t } from "../words/language";
import { linkLook, statusLook } from "./states";
import "./events-table";
import "./labels-table";
import "./line-quality";
import "./meter-switch";
import "./sensor-lost";

const { live } = connection();

@customElement("ti-meter-card")
export class TiMeterCard extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: block; container-type: inline-size; }
      section { display: grid; gap: var(--ti-space-4); padding: var(--ti-space-4); }
      h3 { font-size: var(--ti-text-l); overflow-wrap: anywhere; }
      .two { display: grid; gap: var(--ti-space-6); }
      .two > div { display: grid; gap: var(--ti-space-3); align-content: start; }
      .folded { border-top: 1px solid var(--ti-line); padding-top: var(--ti-space-2); }
      @container (min-width: 48rem) {
        section { padding: var(--ti-space-6); }
        .two { grid-template-columns: 1fr 1fr; }
      }
    `,
  ];

  @property() meter = "";
  /** What the gateway told last of the meter; the stream is faster with status and link. */
  @property({ attribute: false }) told?: MeterState;
  /** The timeout of ADCO has passed. */
  @property({ type: Boolean }) lost = false;

  @state() private labelsShown = false;
  @state() private eventsShown = false;

  constructor() {
    super();
    new Watching(this, live.meters);
  }

  override render(): TemplateResult | typeof nothing {
    const now = live.meters.value.get(this.meter)?.state ?? this.told;
    if (!now) return nothing;
    const { status, link, link_detail, adco, last_received } = now;
    const meter = { ...(this.told ?? now), status, link, link_detail, adco, last_received };
    const reader = statusLook(meter.status);
    const line = linkLook(meter.link);
    const heard = meter.status !== "stopped"; // else its line is that of before
    return html`<section class="card" aria-labelledby="name">
      <div class="row spread">
        <div>
          <h3 id="name">${meter.name}</h3>
          <p class="soft">${meter.adco ? html`<code>${meter.adco}</code>` : t("meterNoAddress")}</p>
        </div>
        <ti-meter-switch .meters=${[meter.name]}></ti-meter-switch>
      </div>
      <div class="two">
        <div>
          <div class="row" role="status">
            ${chip(reader.tone, html`<code>${meter.status}</code>`)}
            ${heard ? chip(line.tone, t("meterLineIs", { state: line.meaning })) : nothing}
          </div>
          ${heard && meter.link_detail
            ? html`<p class="problem ${line.tone === "bad" ? "" : "advice"}" lang="en">${meter.link_detail}</p>`
            : nothing}
          ${this.#facts(meter, reader.meaning, heard)}
        </div>
        <ti-line-quality .meter=${meter}></ti-line-quality>
      </div>
      ${this.#folded(this.lost || meter.link === "lost", meter.last_received ?? "")}
    </section>`;
  }

  #facts(meter: MeterState, status: string, heard: boolean): TemplateResult {
    const at = (instant: string): string => moment(new Date(instant));
    return html`<dl class="facts">
      ${fact(t("meterStatus"), `${status} · ${t("since", { time: at(meter.since), elapsed: elapsed(meter.since) })}`)}
      ${heard
        ? fact(t("meterLine"), t("since", { time: at(meter.link_since), elapsed: elapsed(meter.link_since) }))
        : nothing}
      ${fact(
        t("meterLast"),
        meter.last_received
          ? `${dayAndYear(new Date(meter.last_received))}, ${seconds(new Date(meter.last_received))}`
          : t("never"),
      )}
      ${fact(t("meterMode"), meter.mode ?? t("notKnown"))}
      ${fact(t("meterDevice"), html`<code>${meter.device}</code>`)}
      ${fact(t("meterInterval"), meter.interval ? duration(meter.interval) : t("meterEveryFrame"))}
      ${meter.replaces ? fact(t("meterReplaces"), html`<code>${meter.replaces}</code>`) : nothing}
    </dl>`;
  }

  /** What is long is made when it is unfolded, and not before. */
  #folded(lost: boolean, since: string): TemplateResult {
    return html`<div class="folded">
      <ti-sensor-lost ?lost=${lost} since=${since}>
        <details @toggle=${(event: Event) => (this.labelsShown = (event.target as HTMLDetailsElement).open)}>
          <summary>${t("meterSays")}</summary>
          ${this.labelsShown ? html`<ti-labels-table meter=${this.meter}></ti-labels-table>` : nothing}
        </details>
      </ti-sensor-lost>
      <details @toggle=${(event: Event) => (this.eventsShown = (event.target as HTMLDetailsElement).open)}>
        <summary>${t("meterEvents")}</summary>
        ${this.eventsShown ? html`<ti-events-table meter=${this.meter}></ti-events-table>` : nothing}
      </details>
    </div>`;
  }
}

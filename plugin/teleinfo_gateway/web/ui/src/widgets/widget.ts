/** What every widget shares: the meter and the sensor it is bound to, and its gateway. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import type { Gateway } from "../gateway/gateway";
import { home } from "../gateway/home";
import type { Live, LiveMeter } from "../gateway/live";
import { told } from "../tic/electric";
import { askLabels, labelName, labels } from "../tic/labels";
import { moment } from "../words/format";
import { t } from "../words/language";

/** The timeout of the sensor adco, in seconds. */
const LOST_S = 180;

/** What widgets share: as large as their place, whose frame is not theirs; old values are covered. */
export const widgetStyle: CSSResultGroup = [
  shared,
  css`
    :host {
      display: flex; flex-direction: column; position: relative; min-width: 0;
      container-type: inline-size;
    }
    .body { flex: 1; min-width: 0; }
    .absent {
      position: absolute; inset: 0; z-index: 1; border-radius: inherit;
      display: var(--ti-absent, grid); /* none where the place around it says so for several */
      place-content: center; justify-items: center; gap: var(--ti-space-1);
      padding: var(--ti-space-4); text-align: center;
      background: color-mix(in srgb, var(--ti-surface) 86%, transparent);
    }
    .absent strong { color: var(--ti-bad); font-size: var(--ti-text-l); line-height: 1.2; }
    .absent svg { width: 2rem; fill: none; stroke: var(--ti-bad); stroke-width: 2; }
  `,
];

export class TiWidget extends TiElement {
  static override styles: CSSResultGroup = widgetStyle;

  /** The name of a meter in the gateway's configuration; the first one if it is left out. */
  @property() meter = "";
  /** A label of the meter in lower case, such as `papp`, as Domogik's sensors are called. */
  @property() sensor = "";
  /** The address of the gateway, where it is not that of the script. */
  @property() gateway = "";
  /** A token with the scope "read", for pages of other sites. */
  @property() token = "";

  #ends: (() => void)[] = [];

  protected get connected(): { gateway: Gateway; live: Live } {
    const base = this.gateway ? new URL(this.gateway.replace(/\/*$/, "/"), document.baseURI) : home();
    return connection(base, this.token);
  }

  /** The meter of this widget, once the gateway has told it. */
  protected get liveMeter(): LiveMeter | undefined {
    const meters = this.connected.live.meters.value;
    return this.meter ? meters.get(this.meter) : meters.values().next().value;
  }

  /** The last value of a sensor as text, `undefined` while nothing has come or it is over. */
  protected value(sensor = this.sensor): string | undefined {
    return this.liveMeter && told(this.liveMeter, sensor.toUpperCase());
  }

  /** What a label is called in plain words, the label itself until that is known. */
  protected nameOf(label: string): string {
    void askLabels(this.connected.gateway);
    return labelName(label) || label;
  }

  /** Why the values are not those of now, in a few words; "" while they are. */
  protected get absence(): string {
    const { live } = this.connected;
    if (live.connection.value === "lost") return t("absentGateway");
    if (live.connection.value === "refused") return t("absentRefused");
    const state = this.liveMeter?.state;
    if (!state) return live.connection.value === "open" ? t("absentMeter", { meter: this.meter }) : "";
    if (state.status !== "alive" && state.status !== "starting") return t("absentReader");
    const heard = state.last_received === null ? Infinity : Date.parse(state.last_received) / 1000;
    if (state.link === "lost" || live.now() - heard > LOST_S) return t("absentSensor");
    if (state.link === "no-port") return t("absentPort");
    if (state.link === "silent") return t("absentSilent");
    if (state.link === "searching") return t("absentSearching");
    return state.link === "standby" ? t("absentStandby") : "";
  }

  /** What lies over the values while they are old: it says why, and since when. */
  protected overlay(): TemplateResult | typeof nothing {
    const absence = this.absence;
    if (!absence) return nothing;
    const last = this.liveMeter?.state.last_received;
    return html`<div class="absent" role="status">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M3 9a13 13 0 0 1 18 0M6.5 13a8 8 0 0 1 11 0M12 18v.5M4 21 20 3"></path>
      </svg>
      <strong>${absence}</strong>
      ${last ? html`<span>${t("absentSince", { time: moment(new Date(last)) })}</span>` : nothing}
    </div>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listen();
  }

  override disconnectedCallback(): void {
    this.#leave();
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues): void {
    // Their first values were there when the widget was connected.
    if (changed.get("gateway") !== undefined || changed.get("token") !== undefined) {
      this.#leave();
      this.#listen();
    }
  }

  #listen(): void {
    const { live } = this.connected;
    this.#ends = [
      live.use(),
      live.meters.watch(() => this.requestUpdate()),
      live.connection.watch(() => this.requestUpdate()),
      labels.watch(() => this.requestUpdate()),
    ];
  }

  #leave(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
  }
}

/** A widget with much to draw: it comes after the others, so that an overload is shown at once. */
export class TiPatientWidget extends TiWidget {
  protected override async scheduleUpdate(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    super.scheduleUpdate();
  }
}

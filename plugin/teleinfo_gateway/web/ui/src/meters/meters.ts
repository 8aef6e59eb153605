/** The view "meters": the plugin and each of its meters, started, stopped and looked into. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Polling } from "../base/polling";
import { Watching } from "../base/store";
import type { Told } from "../gateway/live";
import { chip, look } from "../look/look";
import { elapsed } from "../words/elapsed";
import { moment } from "../words/format";
import { t } from "../words/language";
import { statusLook } from "./states";
import "./meter-card";
import "./meter-switch";

const AGAIN_MS = 10_000;

const { gateway, live } = connection();

@customElement("ti-meters")
export class TiMeters extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-4); grid-template-columns: minmax(0, 1fr); }
      .plugin { display: grid; gap: var(--ti-space-3); }
    `,
  ];

  readonly #plugin = new Polling(this, gateway.status, AGAIN_MS);
  readonly #meters = new Polling(this, gateway.meters, AGAIN_MS);
  readonly #sensors = new Polling(this, () => gateway.sensors(), AGAIN_MS);

  constructor() {
    super();
    new Watching(this, live.meters);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    live.events.addEventListener("told", this.#hear);
  }

  override disconnectedCallback(): void {
    live.events.removeEventListener("told", this.#hear);
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    const names = [...live.meters.value.keys()];
    const lost = (this.#sensors.value ?? []).filter((sensor) => sensor.lost);
    return html`
      <h2>${t("meters")}</h2>
      ${this.#gateway(names)}
      ${names.map(
        (name) => html`<ti-meter-card
          meter=${name}
          .told=${this.#meters.value?.find((meter) => meter.name === name)}
          ?lost=${lost.some((sensor) => sensor.meter === name)}
        ></ti-meter-card>`,
      )}
    `;
  }

  #gateway(names: string[]): TemplateResult {
    const plugin = this.#plugin.value;
    if (!plugin) {
      return html`<p class="soft">
        ${this.#plugin.problem ? t("failed", { reason: this.#plugin.problem }) : t("loading")}
      </p>`;
    }
    const { tone, meaning } = statusLook(plugin.status);
    const since = t("since", { time: moment(new Date(plugin.since)), elapsed: elapsed(plugin.since) });
    return html`<section class="card plugin" aria-label=${t("gateway")}>
      <div class="row spread">
        <div>
          <div class="row" role="status">
            <strong>${t("gateway")}</strong> ${chip(tone, html`<code>${plugin.status}</code>`)}
          </div>
          <p class="soft">${meaning} · ${since} · ${plugin.name} ${plugin.version}</p>
        </div>
        ${names.length ? html`<ti-meter-switch all .meters=${names}></ti-meter-switch>` : nothing}
      </div>
    </section>`;
  }

  /** A status or a line that changes: the rest of it is asked for at once. */
  readonly #hear = (event: Event): void => {
    const { name } = (event as CustomEvent<Told>).detail;
    if (!["status", "link", "meters"].includes(name)) return;
    void this.#meters.now();
    void this.#plugin.now();
    if (name === "link") void this.#sensors.now();
  };
}

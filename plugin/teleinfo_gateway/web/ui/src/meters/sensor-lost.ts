/**
 * `<ti-sensor-lost ?lost since="...">`: lies over what it holds when nothing comes any more.
 *
 * Domogik's own sign: "Sensor lost" and the time that has passed, until the next value.
 */

import { css, html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { elapsed } from "../words/elapsed";
import { moment } from "../words/format";
import { t } from "../words/language";

const AGAIN_MS = 60_000;

@customElement("ti-sensor-lost")
export class TiSensorLost extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; position: relative; }
      .over {
        display: grid; gap: var(--ti-space-2); justify-items: center; padding: var(--ti-space-4);
        border: 2px solid var(--ti-bad); border-radius: var(--ti-radius); text-align: center;
        background: color-mix(in srgb, var(--ti-bad) 8%, var(--ti-surface));
      }
      strong { color: var(--ti-bad); font-size: var(--ti-text-l); }
    `,
  ];

  @property({ type: Boolean }) lost = false;
  /** When the last value came, as the API tells it; empty if none ever came. */
  @property() since = "";

  /** The loss whose last values the reader wants to see all the same. */
  @state() private seen: string | undefined;

  #timer = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = window.setInterval(() => this.lost && this.requestUpdate(), AGAIN_MS);
  }

  override disconnectedCallback(): void {
    clearInterval(this.#timer);
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    if (!this.lost) return html`<slot></slot>`;
    const shown = this.seen === this.since;
    return html`
      <div class="over">
        <strong role="alert">${t("sensorLost")}</strong>
        <span>
          ${this.since
            ? t("sensorLostSince", { time: moment(new Date(this.since)), elapsed: elapsed(this.since) })
            : t("sensorLostNever")}
        </span>
        <button aria-pressed=${shown} @click=${() => (this.seen = shown ? undefined : this.since)}>
          ${t("sensorLostValues")}
        </button>
      </div>
      <div ?hidden=${!shown}><slot></slot></div>
    `;
  }
}

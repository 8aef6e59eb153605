/** The view "live": what each meter says now, one meter or several side by side. */

import { css, html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { TiElement, shared } from "../base/element";
import { t } from "../words/language";
import "./live-meter";

@customElement("ti-live")
export class TiLive extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; }
      .meters { display: grid; gap: var(--ti-space-8) var(--ti-space-6); }
      @media (min-width: 64rem) { .several { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
    `,
  ];

  @property({ attribute: false }) meters: string[] = [];

  override render(): TemplateResult {
    if (!this.meters.length) return html`<p class="soft">${t("nothing")}</p>`;
    return html`<div class="meters ${this.meters.length > 1 ? "several" : ""}">
      ${repeat(
        this.meters,
        (name) => name,
        (name) => html`<ti-live-meter meter=${name}></ti-live-meter>`,
      )}
    </div>`;
  }
}

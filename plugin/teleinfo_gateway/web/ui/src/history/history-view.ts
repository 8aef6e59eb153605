/** What the views "day" and "energy" are: controls, and beneath them each meter by itself. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Ticking } from "../base/clock";
import { TiElement, shared } from "../base/element";
import { otherContent } from "../base/once";
import { Watching } from "../base/store";
import { route } from "../route";
import { t } from "../words/language";
import { segments } from "./controls";

export abstract class TiHistoryView extends TiElement {
  static override styles: CSSResultGroup = [
    shared,
    segments,
    css`
      :host { display: grid; gap: var(--ti-space-4); }
      .blocks {
        display: grid; gap: var(--ti-space-4);
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr));
      }
    `,
  ];

  @property({ attribute: false, hasChanged: otherContent }) meters: string[] = [];

  constructor() {
    super();
    new Watching(this, route);
    new Ticking(this); // today becomes another day
  }

  /** What is chosen for all meters, by the address of the page. */
  protected abstract controls(): TemplateResult;

  /** One meter. */
  protected abstract block(meter: string): TemplateResult;

  override render(): TemplateResult {
    if (!this.meters.length) return html`<p class="soft">${t("nothing")}</p>`;
    return html`
      <div class="controls">${this.controls()}</div>
      <div class="blocks">
        ${repeat(
          this.meters,
          (meter) => meter,
          (meter) => this.block(meter),
        )}
      </div>
    `;
  }
}

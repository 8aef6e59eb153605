/** `<ti-arc>`: a share of a limit as an arc, with what is put inside it. */

import { css, html, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";

const RADIUS = 84;
const SWEEP = 240; // degrees, open at the bottom
const FULL = 1.3; // a breaker opens at 1.3 times its power

function point(share: number, radius = RADIUS): string {
  const radians = (((share / FULL - 0.5) * SWEEP - 90) * Math.PI) / 180;
  return `${100 + radius * Math.cos(radians)} ${100 + radius * Math.sin(radians)}`;
}

function arc(start: number, end: number): string {
  const large = ((end - start) / FULL) * SWEEP > 180 ? 1 : 0;
  return `M ${point(start)} A ${RADIUS} ${RADIUS} 0 ${large} 1 ${point(end)}`;
}

@customElement("ti-arc")
export class TiArc extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; position: relative; width: 100%; max-width: 19rem; margin: 0 auto; }
      svg { display: block; width: 100%; }
      path { fill: none; stroke-width: 14; }
      .ground { stroke: var(--ti-sunken); }
      .beyond { stroke: var(--ti-bad); stroke-dasharray: 1.5 4; opacity: 0.55; }
      .share, .over { transition: stroke-dasharray 0.4s ease-out; }
      .share { stroke: var(--ti-arc, var(--ti-accent)); }
      .over { stroke: var(--ti-bad); stroke-width: 22; }
      .limit { stroke: var(--ti-ink); stroke-width: 2.5; }
      .text {
        position: absolute; inset: 0; display: grid; align-content: center; justify-items: center;
        padding-top: 8%; text-align: center;
      }
      @media (prefers-reduced-motion: reduce) { .share, .over { transition: none; } }
    `,
  ];

  /** How much of the limit is used, `undefined` where that is not known; above 1 it is overrun. */
  @property({ type: Number }) share: number | undefined = 0;
  /** What the arc says in words, for who does not see it. */
  @property() label = "";

  override render(): TemplateResult {
    const share = this.share;
    return html`
      <svg viewBox="0 0 200 152" role="img" aria-label=${this.label}>
        <path class="ground" d=${arc(0, 1)}></path>
        ${share === undefined ? svg`<path class="ground" d=${arc(1, FULL)}></path>` : this.#filled(share)}
      </svg>
      <div class="text"><slot></slot></div>
    `;
  }

  /** The limit is where the colour, the width and the ground change: none of them alone. */
  #filled(share: number): TemplateResult {
    const below = Math.min(Math.max(share, 0), 1);
    const above = Math.min(Math.max(share, 1), FULL) - 1;
    return svg`
      <path class="beyond" d=${arc(1.015, FULL)}></path>
      <path class="share" pathLength="1" stroke-dasharray=${`${below} 2`} d=${arc(0, 1)}></path>
      <path class="over" pathLength="1" stroke-dasharray=${`${above / (FULL - 1)} 2`}
        d=${arc(1, FULL)}></path>
      <path class="limit" d=${`M ${point(1, 74)} L ${point(1, 96)}`}></path>
    `;
  }
}

/** The colours of Tempo days: their names, and marks that differ in more than their colour. */

import { css, html, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Colour } from "../gateway/records";
import { t, type Text } from "../words/language";

const NAMES: Record<Colour, Text> = {
  none: "tempoNone",
  blue: "tempoBlue",
  white: "tempoWhite",
  red: "tempoRed",
};

export const colourStyle = css`
  .mark { flex: none; width: 1.1em; height: 1.1em; vertical-align: -0.15em; }
  .mark-blue { fill: var(--ti-blue-high); }
  .mark-white { fill: var(--ti-white-low); stroke: var(--ti-white-high); }
  .mark-red { fill: var(--ti-red-high); }
  .mark-cross { fill: none; stroke: var(--ti-on-bad); stroke-width: 1.6; }
  .mark-none { fill: none; stroke: var(--ti-ink-soft); stroke-dasharray: 2 1.5; }
  .mark-coming { fill: var(--ti-sunken); }
`;

export function colourName(colour: Colour): string {
  return t(NAMES[colour]);
}

/** A square of 10 by 10 at a place: blue is full, white has a border, red a cross, none is open. */
export function colourShape(colour: Colour, x = 0, y = 0): SVGTemplateResult {
  const inset = colour === "white" || colour === "none" ? 0.5 : 0;
  const size = 10 - 2 * inset;
  return svg`<rect class="mark-${colour}" x=${x + inset} y=${y + inset} width=${size} height=${size} rx="1.5"></rect>
    ${colour === "red" ? svg`<path class="mark-cross" d="M${x + 3} ${y + 3}l4 4m0-4l-4 4"></path>` : ""}`;
}

/** The mark of a colour, to stand before its name. */
export function colourMark(colour: Colour): TemplateResult {
  return html`<svg class="mark" viewBox="0 0 10 10" aria-hidden="true">${colourShape(colour)}</svg>`;
}

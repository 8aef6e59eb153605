/** What the views of history share: segments, steps through days, legends. */

import { css, html, nothing, type CSSResult, type TemplateResult } from "lit";
import { t } from "../words/language";

/** The style of segments and steps. */
export const segments: CSSResult = css`
  .controls {
    display: flex; flex-wrap: wrap; gap: var(--ti-space-2) var(--ti-space-3); align-items: center;
  }
  .segments { display: flex; max-width: 100%; }
  .segments button { border-radius: 0; margin-left: -1px; }
  .segments button:first-child { border-radius: var(--ti-radius) 0 0 var(--ti-radius); margin: 0; }
  .segments button:last-child { border-radius: 0 var(--ti-radius) var(--ti-radius) 0; }
  .segments button:focus-visible { position: relative; }
  .steps { display: flex; gap: var(--ti-space-1); align-items: center; }
  .steps button { min-width: 2.25rem; padding: 0; }
  .steps input { min-width: 0; }
`;

/**
 * The style of a list of names with their colours. These are given as the property `.style`: an
 * attribute, also that of Lit's styleMap, is refused by the security policy of the page.
 */
export const legend: CSSResult = css`
  .legend {
    display: flex; flex-wrap: wrap; gap: var(--ti-space-1) var(--ti-space-4); list-style: none;
  }
  .legend i {
    display: inline-block; width: 0.75em; height: 0.75em; margin-right: 0.4em;
    border-radius: 3px; box-shadow: inset 0 0 0 1px rgb(0 0 0 / 18%);
  }
`;

/** A day, and the ways to the one before and the one after; wider steps where there are some. */
export interface Steps {
  date: string;
  today: string;
  label: string;
  go: (day: string) => void;
  back: () => void;
  forward: () => void;
  farBack?: () => void;
  farForward?: () => void;
}

export function steps(ways: Steps): TemplateResult {
  const { date, today, label, go, back, forward, farBack, farForward } = ways;
  const atEnd = date >= today;
  const button = (text: string, name: string, act: (() => void) | undefined, off = false) =>
    act ? html`<button aria-label=${name} ?disabled=${off} @click=${act}>${text}</button>` : nothing;
  return html`<div class="steps">
    ${button("«", t("wholeBack"), farBack)} ${button("‹", t("stepBack"), back)}
    <input
      type="date"
      required
      aria-label=${label}
      max=${today}
      .value=${date}
      @change=${(event: Event) => {
        const { value } = event.target as HTMLInputElement;
        if (value) go(value);
      }}
    />
    ${button("›", t("stepForward"), forward, atEnd)} ${button("»", t("wholeForward"), farForward, atEnd)}
  </div>`;
}

/** What these views share: facts in pairs, states as chips, problems that cannot be overlooked. */

import { css, html, type TemplateResult } from "lit";

export const look = css`
  .facts {
    display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr);
    gap: var(--ti-space-1) var(--ti-space-4);
  }
  .facts dt { color: var(--ti-ink-soft); }
  .facts dd { overflow-wrap: anywhere; }
  code { font: 0.92em var(--ti-mono); overflow-wrap: anywhere; }
  .chip {
    display: inline-flex; gap: var(--ti-space-2); align-items: center;
    padding: 0 var(--ti-space-3) 0 var(--ti-space-2);
    border: 1px solid var(--ti-line); border-radius: 99rem;
    font-size: var(--ti-text-s); line-height: 1.75rem; white-space: nowrap;
  }
  .chip svg { width: 0.75rem; height: 0.75rem; }
  .good svg { color: var(--ti-good); }
  .warn svg { color: var(--ti-warn); }
  .bad { border-color: var(--ti-bad); }
  .bad svg { color: var(--ti-bad); }
  .problem {
    padding: var(--ti-space-2) var(--ti-space-3);
    border-left: 4px solid var(--ti-bad); border-radius: var(--ti-radius);
    background: color-mix(in srgb, var(--ti-bad) 10%, var(--ti-surface));
    overflow-wrap: anywhere;
  }
  .problem > .row { margin-top: var(--ti-space-2); }
  .advice {
    border-left-color: var(--ti-warn);
    background: color-mix(in srgb, var(--ti-warn) 12%, var(--ti-surface));
  }
  button[aria-disabled="true"] { opacity: 0.5; cursor: default; }
  details > summary { padding: var(--ti-space-2) 0; cursor: pointer; font-weight: 600; }
  details[open] > summary { margin-bottom: var(--ti-space-2); }
`;

export type Tone = "good" | "warn" | "bad" | "none";

/** Each tone has a shape of its own: colour alone tells nothing to many eyes. */
const SHAPES: Record<Tone, TemplateResult> = {
  good: html`<svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="5" fill="currentColor" /></svg>`,
  warn: html`<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M6 0 12 11H0Z" fill="currentColor" /></svg>`,
  bad: html`<svg viewBox="0 0 12 12" aria-hidden="true">
    <path d="M1 1 11 11M11 1 1 11" stroke="currentColor" stroke-width="3" />
  </svg>`,
  none: html`<svg viewBox="0 0 12 12" aria-hidden="true">
    <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="2" />
  </svg>`,
};

/** A state in a word, with its tone. */
export function chip(tone: Tone, content: unknown): TemplateResult {
  return html`<span class="chip ${tone}">${SHAPES[tone]}<span>${content}</span></span>`;
}

/** One fact: its name and its value. */
export function fact(name: string, value: unknown): TemplateResult {
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`;
}

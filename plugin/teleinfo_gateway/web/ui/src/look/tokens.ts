/** Colour, type and space of everything that is drawn: the one place to change them. */

const light = `
  --ti-ground: #f6f4ee;
  --ti-surface: #ffffff;
  --ti-sunken: #ebe7db;
  --ti-line: #d8d3c4;
  --ti-ink: #16262b;
  --ti-ink-soft: #52646a;
  --ti-accent: #12505b;
  --ti-on-accent: #ffffff;
  --ti-good: #1f7a4d;
  --ti-warn: #9a5b00;
  --ti-bad: #a8231c;
  --ti-on-bad: #ffffff;
  --ti-shadow: 0 1px 2px rgb(22 38 43 / 8%);
  --ti-base: #2c7a86;
  --ti-off-peak: #3f6fb5;
  --ti-peak: #d98a00;
  --ti-blue-low: #7fb2e5;
  --ti-blue-high: #1f62b0;
  --ti-white-low: #d3ccb9;
  --ti-white-high: #9d937a;
  --ti-red-low: #e58f83;
  --ti-red-high: #a8231c;
  --ti-injected: #2f8f57;
  --ti-unknown: #8b8f92;
`;

const dark = `
  --ti-ground: #10191c;
  --ti-surface: #18252a;
  --ti-sunken: #0b1315;
  --ti-line: #2f4147;
  --ti-ink: #edf0ea;
  --ti-ink-soft: #a4b4b8;
  --ti-accent: #7cc4cf;
  --ti-on-accent: #0b1315;
  --ti-good: #6fcf97;
  --ti-warn: #f2b544;
  --ti-bad: #ff8a7d;
  --ti-on-bad: #1c0806;
  --ti-shadow: none;
  --ti-base: #5fb3bf;
  --ti-off-peak: #7da7e8;
  --ti-peak: #f2b544;
  --ti-blue-low: #a3c9f2;
  --ti-blue-high: #4c8fdd;
  --ti-white-low: #f1ecdd;
  --ti-white-high: #bdb49c;
  --ti-red-low: #f3aaa0;
  --ti-red-high: #e2594d;
  --ti-injected: #6fcf97;
  --ti-unknown: #8f9a9e;
`;

const always = `
  --ti-font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --ti-mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
  --ti-text-s: 0.8125rem;
  --ti-text-m: 0.9375rem;
  --ti-text-l: 1.25rem;
  --ti-text-xl: 2.5rem;
  --ti-space-1: 0.25rem;
  --ti-space-2: 0.5rem;
  --ti-space-3: 0.75rem;
  --ti-space-4: 1rem;
  --ti-space-6: 1.5rem;
  --ti-space-8: 2rem;
  --ti-radius: 0.625rem;
`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :root { color-scheme: light dark; ${always} ${light} }
  @media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${dark} } }
  :root[data-theme="dark"] { color-scheme: dark; ${dark} }
  :root[data-theme="light"] { color-scheme: light; }
`);

/** Give the tokens to the document, once: a widget in a page of another site brings them along. */
export function useTokens(): void {
  if (!document.adoptedStyleSheets.includes(sheet)) {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
}

/** The present value of a token, for what is drawn on a canvas. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** What every element here shares: type, focus and the gateway it belongs to. */

import { LitElement, css, type CSSResultGroup } from "lit";
import { Gateway } from "../gateway/gateway";
import { home } from "../gateway/home";
import { Live } from "../gateway/live";
import { useTokens } from "../look/tokens";
import { language } from "../words/language";
import { Watching } from "./store";

export const shared = css`
  :host {
    box-sizing: border-box;
    color: var(--ti-ink);
    font: var(--ti-text-m) / 1.5 var(--ti-font);
    font-variant-numeric: tabular-nums;
  }
  :host([hidden]) { display: none; }
  *, *::before, *::after { box-sizing: inherit; }
  h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
  h2 { font-size: var(--ti-text-l); font-weight: 600; line-height: 1.2; }
  h3 { font-size: var(--ti-text-m); font-weight: 600; }
  a { color: var(--ti-accent); }
  button, select, input {
    min-height: 2.25rem;
    padding: 0 var(--ti-space-3);
    border: 1px solid var(--ti-line);
    border-radius: var(--ti-radius);
    background: var(--ti-surface);
    color: inherit;
    font: inherit;
  }
  button { cursor: pointer; }
  button:hover { border-color: var(--ti-accent); }
  button[aria-pressed="true"], button.main {
    border-color: var(--ti-accent);
    background: var(--ti-accent);
    color: var(--ti-on-accent);
  }
  button:disabled { opacity: 0.5; cursor: default; }
  [tabindex="-1"]:focus { outline: none; /* it is put there, for who reads on from it */ }
  :focus-visible { outline: 2px solid var(--ti-accent); outline-offset: 2px; }
  .card {
    padding: var(--ti-space-4);
    border: 1px solid var(--ti-line);
    border-radius: var(--ti-radius);
    background: var(--ti-surface);
    box-shadow: var(--ti-shadow);
  }
  .soft { color: var(--ti-ink-soft); font-size: var(--ti-text-s); }
  .row { display: flex; flex-wrap: wrap; gap: var(--ti-space-2); align-items: center; }
  .spread { justify-content: space-between; }
  .hidden {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Drawn again when the language changes; inherits the shared style. */
export class TiElement extends LitElement {
  static override styles: CSSResultGroup = shared;

  constructor() {
    super();
    useTokens();
    new Watching(this, language);
  }
}

interface Connected {
  gateway: Gateway;
  live: Live;
}

const connections = new Map<string, Connected>();

/** The gateway at an address and its stream, one for all who ask; by default the one of the page. */
export function connection(base: URL = home(), token = ""): Connected {
  const key = `${base.href} ${token}`;
  const known = connections.get(key);
  if (known) return known;
  const gateway = new Gateway(base, token);
  const made = { gateway, live: new Live(gateway) };
  connections.set(key, made);
  return made;
}

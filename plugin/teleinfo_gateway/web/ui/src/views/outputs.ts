/** The view "outputs": where readings go, how many went, and what is in the way. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { TiElement, connection, shared } from "../element";
import { moment, number } from "../format";
import { t, type Text } from "../language";
import { chip, fact, look } from "./look";
import { Polling } from "./polling";

const AGAIN_MS = 5_000;

type Value = string | number | boolean;

/** What the outputs of the gateway are called; another one is called as it calls itself. */
const NAMES: Record<string, Text> = { xpl: "outputXpl", history: "outputHistory" };

const TEXTS: Record<string, Text> = {
  source: "stateSource",
  interface: "stateInterface",
  broadcast: "stateBroadcast",
  port: "statePort",
  hub: "stateHub",
  sent: "stateSent",
  failed: "stateFailed",
  lost: "stateLost",
  database: "stateDatabase",
  size_mb: "stateSize",
  written: "stateWritten",
  waiting: "stateWaiting",
  last_commit: "stateLastCommit",
};

const HUBS: Record<string, Text> = { embedded: "hubEmbedded", found: "hubFound", none: "hubNone" };

/** Numbers that are names, not counts: they have no thousands. */
const NAMED_BY_NUMBER = ["port"];

function words(name: string, value: Value): unknown {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (value === "") return t("notKnown");
  if (name === "size_mb") return `${number(Number(value))} MB`;
  if (typeof value === "number") return NAMED_BY_NUMBER.includes(name) ? String(value) : number(value);
  if (name === "hub") return HUBS[value] ? t(HUBS[value]) : value;
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return moment(new Date(value));
  return html`<code>${value}</code>`;
}

@customElement("ti-outputs")
export class TiOutputs extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-4); }
      .cards {
        display: grid; gap: var(--ti-space-4);
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr));
      }
      .card { display: grid; gap: var(--ti-space-3); align-content: start; }
      h3 { font-size: var(--ti-text-l); }
    `,
  ];

  readonly #status = new Polling(this, connection().gateway.status, AGAIN_MS);

  override render(): TemplateResult {
    const outputs = Object.entries(this.#status.value?.outputs ?? {});
    return html`
      <h2>${t("outputs")}</h2>
      ${this.#status.value ? nothing : this.#missing()}
      ${this.#status.value && !outputs.length ? html`<p>${t("outputsNone")}</p>` : nothing}
      <div class="cards">${outputs.map(([name, state]) => this.#output(name, state))}</div>
    `;
  }

  #missing(): TemplateResult {
    const { problem } = this.#status;
    return html`<p class="soft">${problem ? t("failed", { reason: problem }) : t("loading")}</p>`;
  }

  #output(name: string, state: Record<string, Value>): TemplateResult {
    const { problem, ...others } = state;
    return html`<section class="card">
      <div class="row spread">
        <h3>${NAMES[name] ? t(NAMES[name]) : name}</h3>
        ${problem ? chip("bad", t("outputProblem")) : chip("good", t("outputFine"))}
      </div>
      ${problem ? html`<p class="problem" role="alert" lang="en">${problem}</p>` : nothing}
      <dl class="facts">
        ${Object.entries(others).map(([key, value]) =>
          fact(TEXTS[key] ? t(TEXTS[key]) : key.replaceAll("_", " "), words(key, value)),
        )}
      </dl>
    </section>`;
  }
}

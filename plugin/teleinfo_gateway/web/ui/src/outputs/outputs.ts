/** The view "outputs": where readings go, how many went, and what is in the way. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Polling } from "../base/polling";
import { chip, fact, look } from "../look/look";
import { number } from "../words/format";
import { t } from "../words/language";
import { instant, isDurable, keyWord, outputName, valueWords, type State } from "./output-words";

const AGAIN_MS = 5_000;

const TOLD_BY_SENTENCES = ["oldest", "refused_reason"];

/** Whether a key is no fact of its own: sentences tell it, or there is nothing to tell. */
function isTold(state: State, key: string, behind: boolean): boolean {
  if (key === "problem") return true;
  return isDurable(state) && (TOLD_BY_SENTENCES.includes(key) || (behind && key === "backlog"));
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
      h3 { font-size: var(--ti-text-l); overflow-wrap: anywhere; }
      @media (max-width: 30rem) {
        dt:has(+ dd > .long), dd:has(> .long) { grid-column: 1 / -1; }
      }
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

  #output(name: string, state: State): TemplateResult {
    const { problem } = state;
    const behind = isDurable(state) && Number(state.backlog) > 0;
    const refuses = isDurable(state) && Number(state.refused) > 0;
    const facts = Object.entries(state).filter(([key]) => !isTold(state, key, behind));
    return html`<section class="card">
      <div class="row spread">
        <h3>${outputName(name)}</h3>
        <div class="row">${this.#chips(state, behind, refuses)}</div>
      </div>
      ${problem ? html`<p class="problem" role="alert" lang="en">${problem}</p>` : nothing}
      ${behind ? this.#behind(state) : nothing} ${refuses ? this.#refused(state) : nothing}
      <dl class="facts">
        ${facts.map(([key, value]) => fact(keyWord(name, state, key), valueWords(key, value)))}
      </dl>
    </section>`;
  }

  #chips(state: State, behind: boolean, refuses: boolean): TemplateResult[] {
    const { problem, connected } = state;
    const chips = [
      ...(problem ? [chip("bad", t("outputProblem"))] : []),
      ...(!problem && connected === false ? [chip("warn", t("outputConnecting"))] : []),
      ...(behind ? [chip("warn", t("outputBehind"))] : []),
      ...(refuses ? [chip("warn", t("outputRefused"))] : []),
    ];
    return chips.length ? chips : [chip("good", t("outputFine"))];
  }

  #behind({ backlog, oldest = "" }: State): TemplateResult {
    const since = instant(oldest);
    return html`<p class="problem advice">
      ${t("behindRows", { count: number(Number(backlog)) })}
      ${since ? t("behindOldest", { oldest: since }) : nothing}
    </p>`;
  }

  #refused({ refused, refused_reason: reason }: State): TemplateResult {
    return html`<p class="problem advice">
      ${t("refusedRows", { count: number(Number(refused)) })}
      ${reason ? html`${t("refusedReason")} <span lang="en">${reason}</span>` : nothing}
    </p>`;
  }
}

/** `<ti-contracts>`: what a range costs, or would have cost, under each contract. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Loading } from "../base/loading";
import type { ContractCost, Costs } from "../gateway/records";
import { costNotes } from "../tariff/cost-words";
import { millionths, money } from "../tariff/money";
import { change } from "../words/format";
import { t } from "../words/language";

const POWERS_KVA = [3, 6, 9, 12, 15, 18, 24, 30, 36] as const;

@customElement("ti-contracts")
export class TiContracts extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; min-width: 0; }
      summary { cursor: pointer; font-weight: 600; }
      .content { display: grid; gap: var(--ti-space-4); margin-top: var(--ti-space-3); }
      ol { display: grid; gap: var(--ti-space-4); margin: 0; padding: 0; list-style: none; }
      .bar { height: 0.6rem; border-radius: 0.3rem; background: var(--ti-sunken); overflow: hidden; }
      .bar span { display: block; height: 100%; border-radius: 0.3rem; background: var(--ti-base); }
      .own .bar span { background: var(--ti-accent); }
      .part .bar span { opacity: 0.5; }
      .badge {
        padding: 0 var(--ti-space-2); border: 1px solid currentcolor; border-radius: 1rem;
        font-size: var(--ti-text-s); color: var(--ti-accent);
      }
      .cost { margin-left: auto; }
      .notes { margin-top: var(--ti-space-1); padding-left: 1.1rem; }
      .problem { color: var(--ti-bad); }
    `,
  ];

  @property() meter = "";
  /** Legal days, YYYY-MM-DD; the last one is not included. */
  @property() from = "";
  @property() to = "";
  @state() private open = false;
  @state() private power = "";

  readonly #loading = new Loading<Costs>(this);

  override willUpdate(): void {
    if (!this.open || !this.meter) return;
    const { meter, from, to } = this;
    const asks = { meter, from, to, contract: "all", power: this.power || undefined };
    this.#loading.load(JSON.stringify(asks), () => connection().gateway.cost(asks));
  }

  override render(): TemplateResult {
    return html`<details
      class="card"
      @toggle=${(event: Event) => (this.open = (event.target as HTMLDetailsElement).open)}
    >
      <summary>${t("compareContracts")}</summary>
      ${this.open ? html`<div class="content">${this.#content()}</div>` : nothing}
    </details>`;
  }

  #content(): TemplateResult {
    const { value, problem, busy } = this.#loading;
    if (problem?.status === 409) return html`<p>${t("noContracts")}</p>`;
    if (problem) {
      return html`<p class="problem" role="alert">${t("failed", { reason: problem.message })}</p>`;
    }
    if (!value) return html`<p class="soft" role="status">${t("loading")}</p>`;
    const total = (one: ContractCost) => (one.total ? millionths(one.total.total_euros) : Infinity);
    // A total that leaves something out is no smaller for that.
    const rank = (one: ContractCost) => (one.total?.complete ? 0 : one.total ? 1 : 2);
    const costs = [...value.costs].sort((a, b) => rank(a) - rank(b) || total(a) - total(b));
    const highest = Math.max(...costs.map(total).filter(Number.isFinite), 1);
    const own = costs.find((one) => one.own);
    return html`
      <label class="row">
        ${t("atPower")}
        <select @change=${(event: Event) => (this.power = (event.target as HTMLSelectElement).value)}>
          <option value="">${t("subscribedPower")}</option>
          ${POWERS_KVA.map((one) => html`<option value=${one}>${one} kVA</option>`)}
        </select>
      </label>
      <ol aria-busy=${busy}>
        ${costs.map((one) => this.#contract(one, total(one), highest, own ? total(own) : null))}
      </ol>
      <p class="soft">${t("contractsNote")}</p>
    `;
  }

  #contract(one: ContractCost, total: number, highest: number, own: number | null): TemplateResult {
    const part = one.total?.parts[0];
    const about = part ? [part.option, part.power_kva === null ? "" : `${part.power_kva} kVA`] : [];
    const notes = one.total ? costNotes(one.total) : [];
    const comparable = one.total?.complete && own && Number.isFinite(own) && !one.own;
    return html`<li class="${one.own ? "own" : ""} ${one.total?.complete ? "" : "part"}">
      <div class="row spread">
        <span class="row">
          <strong>${one.contract}</strong>
          <span class="soft">${about.filter(Boolean).join(" · ")}</span>
          ${one.own ? html`<span class="badge">${t("ownContract")}</span>` : nothing}
        </span>
        ${one.total
          ? html`<span class="cost">
              ${comparable ? html`<span class="soft">${change((total - own) / own)}</span>` : nothing}
              <strong>${money(total)}</strong>
              ${one.total.complete ? nothing : html`<span class="soft">${t("incomplete")}</span>`}
            </span>`
          : nothing}
      </div>
      ${one.problem
        ? html`<p class="soft">${t("notComparable", { reason: one.problem })}</p>`
        : html`<div class="bar">
            <span .style=${`width: ${Math.max((100 * total) / highest, 0)}%`}></span>
          </div>`}
      ${part?.redistributed ? html`<p class="soft">${t("redistributed")}</p>` : nothing}
      ${notes.length
        ? html`<ul class="notes soft">${notes.map((note) => html`<li>${note}</li>`)}</ul>`
        : nothing}
    </li>`;
  }
}

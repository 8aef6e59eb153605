/** `<ti-events-table meter="house">`: what happened to a meter, newest first. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Store, Watching } from "../base/store";
import type { Told } from "../gateway/live";
import type { EventTold } from "../gateway/records";
import { look } from "../look/look";
import { askLabels, labels } from "../tic/labels";
import { dayAndYear, seconds } from "../words/format";
import { t } from "../words/language";
import { EVENT_KINDS, detail, fromStream, kindName, valueWords } from "./event-words";

const PAGE = 20;
const HEARD = 200;
const KEPT = 1000; // rows in the page: more is what filters are for

const { gateway, live } = connection();

/** What the stream told since these views were opened: the log is some seconds behind it. */
const heard = new Store<readonly EventTold[]>([]);
live.events.addEventListener("told", (event) => {
  const { name, data } = (event as CustomEvent<Told>).detail;
  const told = fromStream(name, data);
  if (told) heard.value = [told, ...heard.value].slice(0, HEARD);
});

/** The log tells whole seconds, the stream what is between them. */
const second = (event: EventTold): number => Math.floor(Date.parse(event.time) / 1000);
const key = (event: EventTold): string => `${second(event)} ${event.kind} ${event.value}`;

@customElement("ti-events-table")
export class TiEventsTable extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-3); justify-items: start; container-type: inline-size; }
      table { width: 100%; border-collapse: collapse; }
      th, td {
        padding: var(--ti-space-2) var(--ti-space-3) var(--ti-space-2) 0; text-align: left;
        vertical-align: top;
      }
      thead th { color: var(--ti-ink-soft); font-size: var(--ti-text-s); font-weight: 400; }
      tbody tr { border-top: 1px solid var(--ti-line); }
      td { overflow-wrap: anywhere; }
      time, .soft { display: block; }
      label { display: inline-flex; gap: var(--ti-space-2); align-items: center; }
      @container (min-width: 40rem) { time, time .soft { display: inline; } .kind { white-space: nowrap; } }
    `,
  ];

  @property() meter = "";

  @state() private kind = "";
  @state() private events: readonly EventTold[] = [];
  @state() private next: number | null = null;
  @state() private problem = "";
  @state() private loading = false;

  /** Counts the questions, so that a late answer to an earlier one is dropped. */
  #question = 0;

  constructor() {
    super();
    new Watching(this, labels, heard);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void askLabels();
    void this.#load();
  }

  override render(): TemplateResult {
    const events = this.#all();
    return html`
      <label>
        ${t("eventsKind")}
        <select @change=${this.#choose}>
          <option value="">${t("eventsAll")}</option>
          ${EVENT_KINDS.map(
            (one) =>
              html`<option value=${one} .selected=${one === this.kind}>${kindName(one)}</option>`,
          )}
        </select>
      </label>
      ${this.problem ? html`<p class="problem" role="alert">${t("failed", { reason: this.problem })}</p>` : nothing}
      ${events.length ? this.#table(events) : html`<p class="soft">${t(this.loading ? "loading" : "nothing")}</p>`}
      ${this.next !== null && this.events.length < KEPT
        ? html`<button aria-disabled=${this.loading} @click=${() => this.loading || this.#load(this.next)}>
            ${t("eventsOlder")}
          </button>`
        : nothing}
    `;
  }

  #table(events: readonly EventTold[]): TemplateResult {
    return html`<table>
      <caption class="hidden">${t("eventsOf", { meter: this.meter })}</caption>
      <thead>
        <tr>
          <th scope="col">${t("eventsTime")}</th>
          <th scope="col">${t("eventsWhat")}</th>
        </tr>
      </thead>
      <tbody>
        ${events.map((event) => this.#row(event))}
      </tbody>
    </table>`;
  }

  #row(event: EventTold): TemplateResult {
    const at = new Date(event.time);
    const more = detail(event);
    return html`<tr>
      <td class="kind">
        <time datetime=${event.time}>${dayAndYear(at)} <span class="soft">${seconds(at)}</span></time>
      </td>
      <td>
        <strong>${kindName(event.kind)}</strong> ${valueWords(event)}
        ${more ? html`<span class="soft" lang="en">${more}</span>` : nothing}
      </td>
    </tr>`;
  }

  #choose(event: Event): void {
    this.kind = (event.target as HTMLSelectElement).value;
    this.events = [];
    this.next = null;
    void this.#load();
  }

  async #load(before: number | null = null): Promise<void> {
    const question = ++this.#question;
    this.loading = true;
    try {
      const page = await gateway.log({
        meter: this.meter,
        kind: this.kind || undefined,
        limit: PAGE,
        before: before ?? undefined,
      });
      if (question !== this.#question) return;
      this.events = before === null ? page.events : [...this.events, ...page.events];
      this.next = page.next;
      this.problem = "";
    } catch (error) {
      if (question !== this.#question) return;
      this.problem = (error as Error).message;
    }
    this.loading = false;
  }

  /** What the log tells, and before it what only the stream has told yet. */
  #all(): EventTold[] {
    const known = new Set(this.events.map(key));
    const oldest = this.events.at(-1);
    const news = heard.value.filter(
      (event) =>
        event.meter === this.meter &&
        (!this.kind || event.kind === this.kind) &&
        !known.has(key(event)) &&
        (!oldest || second(event) >= second(oldest)),
    );
    return [...news, ...this.events].sort((one, other) => second(other) - second(one));
  }
}

/** `<ti-meter-switch .meters=${["house"]}>`: start and stop the readers of these meters. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import type { Status } from "../gateway/records";
import { look } from "../look/look";
import { t } from "../words/language";

type Action = "start" | "stop";

const { gateway, live } = connection();

const STOPPABLE: readonly Status[] = ["starting", "alive", "dead", "unknown"];

@customElement("ti-meter-switch")
export class TiMeterSwitch extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-2); justify-items: start; }
      p:empty { display: none; }
    `,
  ];

  @property({ attribute: false }) meters: readonly string[] = [];
  /** They are all meters of the gateway, and the buttons say so. */
  @property({ type: Boolean }) all = false;

  @state() private underWay: Action | undefined;
  @state() private problems: readonly string[] = [];
  @state() private outcome = "";

  constructor() {
    super();
    new Watching(this, live.meters);
  }

  override render(): TemplateResult {
    return html`
      <div class="row">${this.#button("start")} ${this.#button("stop")}</div>
      <p class="hidden" role="status">${this.outcome}</p>
      ${this.problems.length
        ? html`<div class="problem" role="alert">
            ${this.problems.map((problem) => html`<p>${problem}</p>`)}
          </div>`
        : nothing}
    `;
  }

  /** `aria-disabled` keeps the focus where it was pressed; `disabled` would lose it. */
  #button(action: Action): TemplateResult {
    const text = t(this.all ? (action === "start" ? "startAll" : "stopAll") : action);
    const possible = !this.underWay && this.#concerned(action).length > 0;
    return html`<button
      aria-disabled=${!possible}
      aria-label=${this.all ? text : `${text} ${this.meters.join(", ")}`}
      @click=${() => possible && this.#order(action)}
    >
      ${this.underWay === action ? t(action === "start" ? "starting" : "stopping") : text}
    </button>`;
  }

  /** The meters that an order would change. */
  #concerned(action: Action): string[] {
    return this.meters.filter((name) => {
      const status = live.meters.value.get(name)?.state.status;
      if (!status) return false;
      return action === "stop" ? STOPPABLE.includes(status) : status === "stopped";
    });
  }

  async #order(action: Action): Promise<void> {
    const names = this.#concerned(action);
    this.underWay = action;
    this.problems = [];
    const answers = await Promise.allSettled(names.map((name) => gateway.order(name, action)));
    this.underWay = undefined;
    const told: string[] = [];
    const failed: string[] = [];
    answers.forEach((answer, index) => {
      const name = names[index] ?? "";
      if (answer.status === "fulfilled") told.push(`${name}: ${answer.value.status}`);
      else failed.push(t("orderFailed", { meter: name, reason: (answer.reason as Error).message }));
    });
    this.outcome = told.join(", ");
    this.problems = failed;
    this.dispatchEvent(new Event("ordered"));
  }
}

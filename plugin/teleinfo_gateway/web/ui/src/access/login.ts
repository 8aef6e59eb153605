/** The view before a login: it asks for the password, and tells nothing of the gateway. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { Ticking } from "../base/clock";
import { TiElement, shared } from "../base/element";
import { RequestError } from "../gateway/gateway";
import { look } from "../look/look";
import { t } from "../words/language";
import { login } from "./session";

const MOST = 128; // characters, as the gateway has it
const MINUTE_S = 60;

@customElement("ti-login")
export class TiLogin extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; justify-items: center; padding: var(--ti-space-8) 0; }
      form {
        display: grid; gap: var(--ti-space-4); width: min(24rem, 100%); padding: var(--ti-space-6);
      }
      label { display: grid; gap: var(--ti-space-1); }
      input { width: 100%; min-height: 2.75rem; }
      button { min-height: 2.75rem; }
    `,
  ];

  @state() private problem: (() => string) | undefined;
  @state() private busy = false;
  /** Until then (milliseconds) the gateway takes no password. */
  @state() private until = 0;

  @query("input[type=password]") private input!: HTMLInputElement;

  constructor() {
    super();
    new Ticking(this);
  }

  protected override firstUpdated(_changed: PropertyValues): void {
    this.input.focus();
  }

  override render(): TemplateResult {
    const left_s = Math.ceil((this.until - Date.now()) / 1000);
    // The alert has no number that changes: it is read out once.
    return html`<form class="card" @submit=${this.#submit}>
      <h2>${t("loginTitle")}</h2>
      <input
        class="hidden"
        name="username"
        autocomplete="username"
        value="teleinfo"
        readonly
        tabindex="-1"
        aria-hidden="true"
      />
      <label>
        ${t("loginPassword")}
        <input
          type="password"
          name="password"
          autocomplete="current-password"
          required
          maxlength=${MOST}
          aria-invalid=${this.problem ? "true" : nothing}
          aria-describedby="problem"
        />
      </label>
      <div id="problem" role="alert">
        ${this.problem ? html`<p class="problem">${this.problem()}</p>` : nothing}
      </div>
      ${left_s > 0 ? html`<p>${t("loginAgainIn", { seconds: left_s })}</p>` : nothing}
      <button class="main" aria-disabled=${this.busy || left_s > 0}>
        ${t(this.busy ? "loginGoing" : "loginGo")}
      </button>
    </form>`;
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy || Date.now() < this.until) return;
    this.busy = true;
    this.problem = undefined;
    try {
      if (!(await login(this.input.value))) this.problem = () => t("loginNoCookie");
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.problem = this.#words(error);
    } finally {
      this.busy = false;
    }
    if (this.problem) this.input.select();
  }

  #words({ status, message, retry_s }: RequestError): () => string {
    switch (status) {
      case 0:
        return () => t("absentGateway");
      case 401:
        return () => t("loginWrong");
      case 429:
        this.until = Date.now() + (retry_s || MINUTE_S) * 1000;
        return () => t("loginTooMany");
    }
    return () => t("loginFailed", { reason: message });
  }
}

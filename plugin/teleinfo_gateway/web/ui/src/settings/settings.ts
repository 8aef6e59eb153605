/** The view "settings": the configuration as it was read, and what is wrong with it. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { RequestError } from "../gateway/gateway";
import type { Configuration, Fault, Reloaded } from "../gateway/records";
import { look } from "../look/look";
import { moment } from "../words/format";
import { t } from "../words/language";

const { gateway } = connection();

@customElement("ti-settings")
export class TiSettings extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-4); grid-template-columns: minmax(0, 1fr); }
      section { display: grid; gap: var(--ti-space-3); min-width: 0; }
      ul { display: grid; gap: var(--ti-space-2); list-style: none; }
      .file { overflow-x: auto; border-radius: var(--ti-radius); background: var(--ti-sunken); }
      ol {
        margin: 0; padding: var(--ti-space-3) 0; list-style: none; counter-reset: line;
        width: max-content; min-width: 100%;
      }
      li.line { display: flex; counter-increment: line; padding-right: var(--ti-space-4); }
      li.line::before {
        flex: 0 0 3rem; padding-right: var(--ti-space-3); color: var(--ti-ink-soft);
        font: 0.92em / 1.65 var(--ti-mono); text-align: right; content: counter(line);
      }
      li.line code { white-space: pre; line-height: 1.65; overflow-wrap: normal; }
      li.faulty {
        box-shadow: inset 4px 0 var(--ti-bad);
        background: color-mix(in srgb, var(--ti-bad) 14%, var(--ti-sunken));
      }
    `,
  ];

  @state() private configuration: Configuration | undefined;
  @state() private problem = "";
  @state() private reading = false;
  @state() private outcome = "";

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): TemplateResult {
    return html`
      <h2>${t("settings")}</h2>
      ${this.configuration ? this.#all(this.configuration) : nothing}
      ${this.problem
        ? html`<p class="problem" role="alert">${this.problem}</p>`
        : this.configuration
          ? nothing
          : html`<p class="soft">${t("loading")}</p>`}
    `;
  }

  #all(configuration: Configuration): TemplateResult {
    const { path, faults, loaded_at } = configuration;
    return html`
      <section class="card" aria-label=${t("settingsFile")}>
        <dl class="facts">
          <dt>${t("settingsFile")}</dt>
          <dd>${path ? html`<code>${path}</code>` : t("settingsNoFile")}</dd>
          <dt>${t("settingsRead")}</dt>
          <dd>${moment(new Date(loaded_at))}</dd>
        </dl>
        ${path
          ? html`<p>${t("settingsChange")}</p>
              <div class="row">
                <button class="main" aria-disabled=${this.reading} @click=${this.#readAgain}>
                  ${t(this.reading ? "settingsReading" : "settingsReadAgain")}
                </button>
                <span role="status">${this.outcome}</span>
              </div>
              <p class="soft">${t("settingsOtherWays")} <code>kill -HUP PID</code></p>`
          : nothing}
      </section>
      ${faults.length ? this.#faults(faults) : nothing}
      ${configuration.text ? this.#text(configuration) : nothing}
    `;
  }

  #faults(faults: readonly Fault[]): TemplateResult {
    return html`<section class="card" aria-labelledby="faults" role="alert">
      <h3 id="faults">${t("settingsFaults", { count: faults.length })}</h3>
      <p>${t("settingsStay")}</p>
      <ul>
        ${faults.map(
          (fault) => html`<li class="problem">
            ${fault.line ? html`<strong>${t("settingsLine", { line: fault.line })}</strong> ` : nothing}
            <code>${fault.path}</code> <span lang="en">${fault.message}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  #text({ text, faults }: Configuration): TemplateResult {
    const faulty = new Set(faults.map((fault) => fault.line));
    const lines = text.replace(/\n$/, "").split("\n");
    return html`<section class="card">
      <h3 id="text">${t("settingsText")}</h3>
      <p class="soft">${t("settingsSecrets")}</p>
      <div class="file" tabindex="0" role="region" aria-labelledby="text">
        <ol>
          ${lines.map(
            (line, index) =>
              html`<li class="line ${faulty.has(index + 1) ? "faulty" : ""}"><code>${line || " "}</code></li>`,
          )}
        </ol>
      </div>
    </section>`;
  }

  async #load(): Promise<void> {
    try {
      this.configuration = await gateway.get<Configuration>("api/configuration");
      this.problem = "";
    } catch (error) {
      const absent = error instanceof RequestError && error.status === 404;
      this.problem = absent ? t("settingsAbsent") : t("failed", { reason: (error as Error).message });
    }
  }

  async #readAgain(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    this.outcome = "";
    try {
      const { faults } = await gateway.request<Reloaded>("api/reload", { method: "POST" });
      await this.#load();
      if (this.configuration) this.configuration = { ...this.configuration, faults };
      this.outcome = faults.length ? "" : t("settingsReadDone");
    } catch (error) {
      this.problem = (error as Error).message;
    }
    this.reading = false;
  }
}

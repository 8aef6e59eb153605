/** `<ti-copied-text .text=${text}>`: text to take along, and a button that does it. */

import { css, html, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { t } from "../words/language";

@customElement("ti-copied-text")
export class TiCopiedText extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--ti-space-2); }
      pre {
        margin: 0; padding: var(--ti-space-3); border-radius: var(--ti-radius); overflow-x: auto;
        background: var(--ti-sunken); font: 0.8125rem / 1.6 var(--ti-mono); white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) text = "";
  @state() private outcome: "galleryCopied" | "gallerySelected" | undefined;

  @query("code") private code!: HTMLElement;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("text")) this.outcome = undefined;
  }

  override render(): TemplateResult {
    return html`<pre><code>${this.text}</code></pre>
      <div class="row">
        <button @click=${this.#copy}>${t("galleryCopy")}</button>
        <span class="soft" role="status">${this.outcome ? t(this.outcome) : ""}</span>
      </div>`;
  }

  /** Without TLS a browser has no clipboard for pages: the text is selected then. */
  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.outcome = "galleryCopied";
    } catch {
      getSelection()?.selectAllChildren(this.code);
      this.outcome = "gallerySelected";
    }
  }
}

/** `<ti-board-question>`: asks before something is lost. */

import { css, html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { t } from "../words/language";

@customElement("ti-board-question")
export class TiBoardQuestion extends TiElement {
  static override styles = [
    shared,
    css`
      dialog {
        width: min(26rem, calc(100vw - 2rem)); padding: var(--ti-space-6);
        border: 1px solid var(--ti-line); border-radius: var(--ti-radius); color: inherit;
        background: var(--ti-surface);
      }
      dialog::backdrop { background: rgb(0 0 0 / 45%); }
      p { margin-bottom: var(--ti-space-4); }
      .row { justify-content: flex-end; }
    `,
  ];

  @state() private question = "";
  @state() private yes = "";

  #answered: (yes: boolean) => void = () => undefined;

  /** The answer; closing the dialog is a no. */
  ask(question: string, yes: string): Promise<boolean> {
    this.question = question;
    this.yes = yes;
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog) dialog.returnValue = "";
    dialog?.showModal();
    return new Promise((resolve) => (this.#answered = resolve));
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="question" @close=${this.#closed}>
      <form method="dialog">
        <p id="question">${this.question}</p>
        <div class="row">
          <button value="" autofocus>${t("cancel")}</button>
          <button value="yes" class="main">${this.yes}</button>
        </div>
      </form>
    </dialog>`;
  }

  #closed(event: Event): void {
    this.#answered((event.target as HTMLDialogElement).returnValue === "yes");
  }
}

/** The gallery: every widget as it works, with its attributes and the HTML to copy. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Admission, admitted, session } from "../access/session";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import { home } from "../gateway/home";
import { language, t, type Text } from "../words/language";
import "../look/preferences";
import "../access/login";
import "../widgets/all";
import { TOLD, type Example } from "./gallery-example";
import "./copied-text";

const { live } = connection();

/** The attributes that every widget has. */
const ATTRIBUTES: Readonly<Record<string, Text>> = {
  meter: "galleryMeter",
  sensor: "gallerySensor",
  gateway: "galleryGateway",
  token: "galleryToken",
};

@customElement("ti-gallery")
export class TiGallery extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: block; max-width: 72rem; margin: 0 auto; padding: var(--ti-space-4); }
      header { display: grid; gap: var(--ti-space-2); margin-bottom: var(--ti-space-6); }
      h1 { font-size: var(--ti-text-l); font-weight: 650; letter-spacing: -0.01em; }
      section { display: grid; gap: var(--ti-space-3); grid-template-columns: minmax(0, 1fr); }
      code { font: 0.9375em var(--ti-mono); }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: var(--ti-space-1) var(--ti-space-4); }
      label { display: flex; flex-wrap: wrap; gap: var(--ti-space-2); align-items: center; }
      .lost {
        padding: var(--ti-space-2) var(--ti-space-3); border-radius: var(--ti-radius);
        background: var(--ti-bad); color: var(--ti-on-bad);
      }
      .examples { display: grid; gap: var(--ti-space-8); margin-top: var(--ti-space-8); }
      .examples, ti-gallery-example { grid-template-columns: minmax(0, 1fr); }
      ti-gallery-example { padding-top: var(--ti-space-6); border-top: 1px solid var(--ti-line); }
    `,
  ];

  /** The meter that all are bound to; the first one if it is empty. */
  @state() private meter = "";

  constructor() {
    super();
    new Admission(this);
    new Watching(this, live.names, live.connection);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.lang = language.value;
  }

  override render(): TemplateResult {
    return html`
      <header>
        <a href="./">${t("galleryBack")}</a>
        <div class="row spread">
          <h1>${t("galleryTitle")}</h1>
          <ti-preferences></ti-preferences>
        </div>
        <div role="status">${this.#connection()}</div>
      </header>
      <main>${this.#content()}</main>
    `;
  }

  protected override updated(_changed: PropertyValues): void {
    document.title = `${t("galleryTitle")} – ${t("title")}`;
  }

  #connection(): TemplateResult | typeof nothing {
    const { value } = session;
    const lost = value === "lost" || (admitted() && live.connection.value === "lost");
    return lost ? html`<p class="lost">${t("connectionLost")}</p>` : nothing;
  }

  #content(): TemplateResult | typeof nothing {
    if (typeof session.value === "string") return nothing;
    if (!admitted()) return html`<ti-login></ti-login>`;
    const script = `<script type="module" src="${new URL("widgets.js", home())}"></script>`;
    return html`
      <section>
        <p>${t("galleryScript")}</p>
        <ti-copied-text .text=${script}></ti-copied-text>
        <p>${t("galleryOrigins")}</p>
        <dl>
          ${Object.entries(ATTRIBUTES).map(
            ([name, text]) => html`<dt><code>${name}</code></dt>
              <dd>${t(text)}</dd>`,
          )}
        </dl>
        ${this.#meterChoice()}
      </section>
      <div class="examples">
        ${(Object.keys(TOLD) as Example[]).map(
          (kind) =>
            html`<ti-gallery-example kind=${kind} meter=${this.#bound()}></ti-gallery-example>`,
        )}
      </div>
    `;
  }

  #bound(): string {
    return this.meter || (live.names.value[0] ?? "");
  }

  #meterChoice(): TemplateResult | typeof nothing {
    const names = live.names.value;
    if (names.length < 2) return nothing;
    return html`<label>
      ${t("galleryBound")}
      <select
        @change=${(event: Event) => (this.meter = (event.target as HTMLSelectElement).value)}
      >
        ${names.map((name) => html`<option .selected=${name === this.#bound()}>${name}</option>`)}
      </select>
    </label>`;
  }
}

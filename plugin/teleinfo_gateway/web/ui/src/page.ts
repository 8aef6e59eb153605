/** The page: its heading, the way through its views, and the view that is shown. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Admission, admitted, logout, session } from "./access/session";
import { TiElement, connection, shared } from "./base/element";
import { once } from "./base/once";
import { Watching } from "./base/store";
import { VIEWS, address, route, show, type View } from "./route";
import { language, t } from "./words/language";
import "./access/login";
import "./live/live";
import "./look/preferences";

const { gateway, live } = connection();

/** Views are fetched when they are first shown; the live one is there at once. */
const LATER: Partial<Record<View, () => Promise<unknown>>> = {
  day: () => import("./day/day"),
  energy: () => import("./energy/energy"),
  boards: () => import("./boards/boards"),
  meters: () => import("./meters/meters"),
  outputs: () => import("./outputs/outputs"),
  settings: () => import("./settings/settings"),
};

const ELEMENTS: Record<View, (meters: string[]) => TemplateResult> = {
  live: (meters) => html`<ti-live .meters=${meters}></ti-live>`,
  day: (meters) => html`<ti-day .meters=${meters}></ti-day>`,
  energy: (meters) => html`<ti-energy .meters=${meters}></ti-energy>`,
  boards: () => html`<ti-boards></ti-boards>`,
  meters: () => html`<ti-meters></ti-meters>`,
  outputs: () => html`<ti-outputs></ti-outputs>`,
  settings: () => html`<ti-settings></ti-settings>`,
};

/** Views that have a heading of their own; the headings of the others are those of meters. */
const HEADED: ReadonlySet<View> = new Set(["boards", "meters", "outputs", "settings"]);

@customElement("ti-page")
export class TiPage extends TiElement {
  static override styles = [
    shared,
    css`
      :host {
        display: flex; flex-direction: column; max-width: 84rem; min-height: 100dvh;
        margin: 0 auto; padding: var(--ti-space-4);
      }
      header {
        display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--ti-space-3);
        margin-bottom: var(--ti-space-4);
      }
      main { flex: 1; min-width: 0; }
      footer { margin-top: var(--ti-space-8); }
      h1 { font-size: var(--ti-text-l); font-weight: 650; letter-spacing: -0.01em; }
      h1 { margin-right: auto; }
      .top > select { min-width: 0; max-width: 100%; text-overflow: ellipsis; }
      nav { display: flex; flex-wrap: wrap; gap: var(--ti-space-1); }
      nav a {
        padding: var(--ti-space-2) var(--ti-space-3); border-radius: var(--ti-radius);
        color: var(--ti-ink-soft); text-decoration: none; white-space: nowrap;
      }
      nav a:hover { color: var(--ti-ink); background: var(--ti-sunken); }
      nav a[aria-current] {
        color: var(--ti-ink); background: var(--ti-sunken); /* no bold, which is wider than before */
        text-decoration: underline 2px var(--ti-accent); text-underline-offset: 0.4em;
      }
      .skip:not(:focus) {
        position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      }
      .banner { padding: var(--ti-space-2) var(--ti-space-3); border-radius: var(--ti-radius); }
      .banner + .banner { margin-top: var(--ti-space-2); }
      .lost { background: var(--ti-bad); color: var(--ti-on-bad); }
      .demo { border: 1px dashed var(--ti-warn); color: var(--ti-warn); }
      @media (max-width: 40rem) {
        ti-preferences { flex: 0 1 14rem; }
        .top > select { flex: 1 1 8rem; }
        nav { gap: 0.125rem; }
        nav a { padding: var(--ti-space-2) 0.375rem; font-size: var(--ti-text-s); }
      }
    `,
  ];

  /** The gateway says that its meters are simulated. */
  @state() private demonstration = false;
  /** A view whose files did not come. */
  @state() private missing: View | undefined;
  @state() private problem = "";

  #shown: View | "login" | undefined;
  #unwatch = (): unknown => undefined;
  readonly #chosen = once((names: readonly string[], wanted: string | null): string[] => {
    if (wanted === "*") return [...names];
    return names.filter((name) => name === wanted).concat(names).slice(0, 1);
  });

  constructor() {
    super();
    new Admission(this);
    new Watching(this, route, live.names, live.connection);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.lang = language.value;
    this.#unwatch = live.connection.watch(() => {
      if (live.connection.value === "open") void this.#ask();
    });
  }

  override disconnectedCallback(): void {
    this.#unwatch();
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    const inside = admitted();
    return html`
      <header>
        <a class="skip" href="#main" @click=${this.#skip}>${t("skip")}</a>
        <div class="row top">
          <h1>${t("title")}</h1>
          <ti-preferences></ti-preferences>
          ${inside ? this.#meterChoice() : nothing} ${inside ? this.#logoutButton() : nothing}
        </div>
        ${inside ? this.#views() : nothing}
        <div role="status">${this.#banners()}</div>
      </header>
      <main id="main" tabindex="-1">${inside ? this.#view() : this.#outside()}</main>
      ${inside
        ? html`<footer class="soft"><a href="gallery.html">${t("galleryLink")}</a></footer>`
        : nothing}
    `;
  }

  protected override updated(_changed: PropertyValues): void {
    const inside = admitted();
    const { view } = route.value;
    const shown = inside ? view : typeof session.value === "string" ? undefined : "login";
    document.title = `${t(shown === "login" ? "loginTitle" : view)} – ${t("title")}`;
    if (shown === this.#shown) return;
    if (this.#shown && shown && shown !== "login") void this.#focusHeading(shown);
    if (shown) this.#shown = shown;
  }

  #views(): TemplateResult {
    return html`<nav aria-label=${t("views")}>
      ${VIEWS.map(
        (one) => html`<a
          href=${address(one)}
          aria-current=${one === route.value.view ? "page" : nothing}
          >${t(one)}</a
        >`,
      )}
    </nav>`;
  }

  #view(): TemplateResult {
    const { view, parameters } = route.value;
    if (this.missing === view) {
      return html`<h2 tabindex="-1">${t(view)}</h2>
        <p>${t("viewNotLoaded")}</p>
        <button @click=${() => location.reload()}>${t("pageAgain")}</button>`;
    }
    LATER[view]?.().catch(() => {
      this.missing = view;
    });
    const heading = HEADED.has(view)
      ? nothing
      : html`<h2 class="hidden" tabindex="-1">${t(view)}</h2>`;
    return html`${heading}${ELEMENTS[view](
      this.#chosen(live.names.value, parameters.get("meter")),
    )}`;
  }

  #outside(): TemplateResult | typeof nothing {
    return typeof session.value === "string" ? nothing : html`<ti-login></ti-login>`;
  }

  /** Which meters the views show: one of them, or all side by side. */
  #meterChoice(): TemplateResult | typeof nothing {
    const names = live.names.value;
    if (names.length < 2) return nothing;
    const wanted = route.value.parameters.get("meter") ?? names[0];
    return html`<select
      aria-label=${t("meter")}
      @change=${(event: Event) =>
        show(route.value.view, { meter: (event.target as HTMLSelectElement).value })}
    >
      ${names.map(
        (name) => html`<option .value=${name} .selected=${name === wanted}>${name}</option>`,
      )}
      <option value="*" .selected=${wanted === "*"}>${t("sideBySide")}</option>
    </select>`;
  }

  #logoutButton(): TemplateResult | typeof nothing {
    const told = session.value;
    if (typeof told === "string" || !told.login) return nothing;
    return html`<button @click=${this.#logout}>${t("logout")}</button>`;
  }

  #banners(): TemplateResult {
    const { value } = session;
    const state = typeof value === "string" ? value : admitted() ? live.connection.value : "open";
    return html`
      ${state === "opening" ? html`<p class="soft">${t("connectionOpening")}</p>` : nothing}
      ${state === "lost" ? html`<p class="banner lost">${t("connectionLost")}</p>` : nothing}
      ${this.problem ? html`<p class="banner lost">${this.problem}</p>` : nothing}
      ${this.demonstration && admitted()
        ? html`<p class="banner demo">${t("demonstration")}</p>`
        : nothing}
    `;
  }

  /** At each new connection: it may be to another gateway than before. */
  async #ask(): Promise<void> {
    // A failure is seen at the stream as well, which then says so.
    const status = await gateway.status().catch(() => undefined);
    if (status) this.demonstration = status.demonstration;
  }

  async #logout(): Promise<void> {
    try {
      await logout();
      this.problem = "";
    } catch (error) {
      this.problem = t("logoutFailed", { reason: (error as Error).message });
    }
  }

  /** Who uses a keyboard or a screen reader goes on from the heading of another view. */
  async #focusHeading(view: View): Promise<void> {
    scrollTo(0, 0);
    let place: ParentNode = this.renderRoot;
    if (HEADED.has(view) && this.missing !== view) {
      const name = `ti-${view}`;
      await customElements.whenDefined(name);
      const element = this.renderRoot.querySelector<TiElement>(name);
      if (!element) return; // somebody went on in the meantime
      await element.updateComplete;
      place = element.renderRoot;
    }
    const heading = place.querySelector<HTMLElement>("h2");
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>("#main")?.focus();
  }
}

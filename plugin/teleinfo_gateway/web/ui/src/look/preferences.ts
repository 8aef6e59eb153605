/** `<ti-preferences>`: the language and the appearance, chosen for this browser. */

import { css, html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { TiElement, shared } from "../base/element";
import { Watching } from "../base/store";
import { language, speak, t, type Language } from "../words/language";
import { chooseTheme, theme, type Theme } from "./theme";

const LANGUAGES: Record<Language, string> = { fr: "Français", en: "English" };
const THEMES = { auto: "themeAuto", light: "themeLight", dark: "themeDark" } as const;

@customElement("ti-preferences")
export class TiPreferences extends TiElement {
  static override styles = [
    shared,
    css`
      :host { display: flex; gap: var(--ti-space-2); min-width: 0; }
      select { flex: none; }
      select + select { flex: 0 1 auto; min-width: 0; text-overflow: ellipsis; }
      @media (max-width: 40rem) { select { padding: 0 var(--ti-space-2); } }
    `,
  ];

  constructor() {
    super();
    new Watching(this, theme);
  }

  override render(): TemplateResult {
    return html`
      <select
        aria-label=${t("language")}
        @change=${(event: Event) => speak((event.target as HTMLSelectElement).value as Language)}
      >
        ${Object.entries(LANGUAGES).map(
          ([one, name]) =>
            html`<option value=${one} lang=${one} .selected=${language.value === one}>${name}</option>`,
        )}
      </select>
      <select
        aria-label=${t("theme")}
        @change=${(event: Event) => chooseTheme((event.target as HTMLSelectElement).value as Theme)}
      >
        ${Object.entries(THEMES).map(
          ([one, text]) =>
            html`<option value=${one} .selected=${theme.value === one}>${t(text)}</option>`,
        )}
      </select>
    `;
  }
}

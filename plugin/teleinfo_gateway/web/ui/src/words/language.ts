/** The language of the page: French or English, by the browser until somebody chooses. */

import { Store } from "../base/store";
import { en, type Texts } from "./texts/en";
import { fr } from "./texts/fr";

export type Language = "en" | "fr";
export type Text = keyof Texts;

const KEY = "ti-language";
const texts: Record<Language, Texts> = { en, fr: typeset(fr) };

/** French sets its marks apart by spaces, at which no line may end; its apostrophe is round. */
function typeset(words: Texts): Texts {
  const marks = / (?=[:;?!%»])|(?<=«) /g;
  const set = (text: string): string => text.replace(marks, "\u00a0").replaceAll("'", "’");
  return Object.fromEntries(Object.entries(words).map(([name, text]) => [name, set(text)])) as Texts;
}

function preferred(): Language {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "en" || chosen === "fr") return chosen;
  const first = navigator.languages.find((one) => /^(en|fr)\b/.test(one));
  return first?.startsWith("fr") ? "fr" : "en";
}

export const language = new Store<Language>(preferred());

/** Change the language, for this browser, until it is changed again. */
export function speak(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen;
  language.value = chosen;
}

/** A text in the present language; `{name}` in it is replaced by the value of that name. */
export function t(text: Text, values: Record<string, string | number> = {}): string {
  return texts[language.value][text].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** The locale of numbers and dates: the browser's own one if it speaks the language. */
export function locale(): string {
  return navigator.languages.find((one) => one.startsWith(language.value)) ?? language.value;
}

/** Light or dark: as the system, until the reader chooses for this browser. */

import { Store } from "../base/store";

export type Theme = "auto" | "light" | "dark";

const KEY = "ti-theme";

function stored(): Theme {
  const found = localStorage.getItem(KEY);
  return found === "light" || found === "dark" ? found : "auto";
}

export const theme = new Store<Theme>(stored());

function apply(chosen: Theme): void {
  if (chosen === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset["theme"] = chosen;
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  apply(chosen);
  theme.value = chosen;
}

apply(theme.value);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme.changed());

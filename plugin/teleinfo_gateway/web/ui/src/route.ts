/** Where the reader is: `#/view?meter=house`. It survives a reload and can be bookmarked. */

import { Store } from "./base/store";

export const VIEWS = ["live", "day", "energy", "boards", "meters", "outputs", "settings"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  parameters: URLSearchParams;
}

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const view = VIEWS.find((one) => one === path) ?? "live";
  return { view, parameters: new URLSearchParams(query) };
}

export const route = new Store<Route>(read());
addEventListener("hashchange", () => {
  route.value = read();
});

/** The address of a view; what is not named of the parameters stays as it is. */
export function address(view: View, changes: Record<string, string> = {}): string {
  const parameters = new URLSearchParams(view === route.value.view ? route.value.parameters : {});
  const meter = route.value.parameters.get("meter");
  if (meter !== null) parameters.set("meter", meter);
  for (const [name, value] of Object.entries(changes)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  return `#/${view}${parameters.size ? `?${parameters}` : ""}`;
}

/** Go to a view, without a new entry in the browser's history. */
export function show(view: View, changes: Record<string, string>): void {
  history.replaceState(null, "", address(view, changes));
  route.value = read();
}

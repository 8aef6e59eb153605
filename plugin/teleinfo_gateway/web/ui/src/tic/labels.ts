/** What the labels of a meter are called, in both languages, and what their values mean. */

import { connection } from "../base/element";
import { Store } from "../base/store";
import type { LabelTold } from "../gateway/records";
import { language } from "../words/language";

export const labels = new Store<ReadonlyMap<string, LabelTold>>(new Map());

let asked = false;

/** Have the labels fetched, once. */
export async function askLabels(gateway = connection().gateway): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    const found = await gateway.get<LabelTold[]>("api/labels");
    labels.value = new Map(found.map((one) => [one.name, one]));
  } catch {
    asked = false; // the next view asks again
  }
}

/** The plain name of a label, empty if it is not known. */
export function labelName(name: string): string {
  const found = labels.value.get(name)?.[language.value] ?? "";
  return found.charAt(0).toUpperCase() + found.slice(1);
}

/** The plain words of a coded value, `undefined` where the label has none for it. */
export function codeMeaning(name: string, value: string): string | undefined {
  return labels.value.get(name)?.meanings[value]?.[language.value === "fr" ? 1 : 0];
}

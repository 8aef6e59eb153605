/** Which labels of a meter a widget can be bound to. */

import type { LiveMeter } from "../gateway/live";
import { labelName } from "../tic/labels";
import { t } from "../words/language";
import { KINDS } from "./kinds";

/**
 * The sensors that a kind can show, each with its words; the first is what is usual.
 *
 * `chosen` is one of them even if the meter does not tell it: it is not lost by looking at it.
 */
export function bindable(
  kind: string,
  meter: LiveMeter | undefined,
  chosen: string,
): [string, string][] {
  const values = { ...meter?.historique, ...meter?.values };
  const numbers = KINDS[kind]?.sensors === "numbers";
  const names = Object.keys(values)
    .filter((name) => !numbers || /^\d+$/.test(values[name] ?? ""))
    .map((name) => name.toLowerCase())
    .sort();
  return [...new Set(["", ...names, chosen])].map((name) => {
    const plain = labelName(name.toUpperCase());
    return [name, name ? name.toUpperCase() + (plain ? ` – ${plain}` : "") : t("widgetUsual")];
  });
}

/** How long something lasts, in the largest unit that fits. */

import { locale, t } from "./language";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** A duration such as "4 min" or "3 h"; nothing is shorter than a second. */
export function duration(seconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= one) ?? UNITS[3];
  const count = Math.max(0, Math.floor(seconds / size));
  return new Intl.NumberFormat(locale(), { style: "unit", unit }).format(count);
}

const JUST_NOW_S = 5; // frames come every two seconds: no number that jumps to and fro

/** How long ago something was. */
export function ago(seconds: number): string {
  return seconds < JUST_NOW_S ? t("justNow") : t("timeAgo", { time: duration(seconds) });
}

/** How long it is since an instant of the gateway. */
export function elapsed(instant: string): string {
  return duration((Date.now() - Date.parse(instant)) / 1000);
}

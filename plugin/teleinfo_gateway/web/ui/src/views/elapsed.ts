/** How long something lasts, in the largest unit that fits. */

import { locale } from "../language";

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

/** How long ago an instant of the gateway was. */
export function elapsed(instant: string): string {
  return duration((Date.now() - Date.parse(instant)) / 1000);
}

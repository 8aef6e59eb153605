/** Numbers, energy, money and dates in the words of the reader; days are those of France. */

import { language, locale } from "./language";

/** Meters count by French legal time, wherever the reader is. */
export const ZONE = "Europe/Paris";

const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${locale()}${JSON.stringify(options)}`;
  const known = made.get(key) as Intl.NumberFormat | undefined;
  if (known) return known;
  const format = new Intl.NumberFormat(locale(), options);
  made.set(key, format);
  return format;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${locale()}${JSON.stringify(options)}`;
  const known = made.get(key) as Intl.DateTimeFormat | undefined;
  if (known) return known;
  const format = new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options });
  made.set(key, format);
  return format;
}

/** With a minus as wide as a plus. */
const signed = (number: string): string => number.replace("-", "\u2212");

/** A number with at most so many decimals. */
export function number(value: number, decimals = 0): string {
  const format = numbers({ maximumFractionDigits: decimals, minimumFractionDigits: decimals });
  return signed(format.format(value));
}

/** Energy: Wh as kWh with as many decimals as it deserves. */
export function kwh(wh: number): string {
  const decimals = Math.abs(wh) < 10_000 ? 2 : Math.abs(wh) < 1_000_000 ? 1 : 0;
  return `${number(wh / 1000, decimals)}\u00a0kWh`;
}

/** Money, to the cent unless a scale needs less. */
export function euros(amount: number, decimals = 2): string {
  const format = numbers({
    style: "currency",
    currency: "EUR",
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return signed(format.format(amount));
}

/** A share of one, such as 0.98, in percent. */
export function percent(share: number): string {
  return numbers({ style: "percent", maximumFractionDigits: share > 0.1 ? 0 : 1 }).format(share);
}

/** A change as a share of what was before, in percent and with its sign. */
export function change(share: number): string {
  const format = numbers({
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0,
  });
  return signed(format.format(share));
}

/** Several texts that have commas in them. */
export function listed(texts: readonly string[]): string {
  return texts.join(language.value === "fr" ? "\u00a0; " : "; ");
}

/** Apparent power. */
export function va(power: number): string {
  return `${number(power)}\u00a0VA`;
}

/** An instant, as a Date or unix seconds. */
type Instant = Date | number;

function date(instant: Instant): Date {
  return typeof instant === "number" ? new Date(instant * 1000) : instant;
}

/** French says the first of a month as such. */
function text(parts: readonly Intl.DateTimeFormatPart[]): string {
  const first = language.value === "fr" && parts.some(({ type }) => type === "month");
  return parts
    .map(({ type, value }) => (first && type === "day" && value === "1" ? "1er" : value))
    .join("");
}

function written(instant: Instant, options: Intl.DateTimeFormatOptions): string {
  return text(dates(options).formatToParts(date(instant)));
}

/** From an instant to another, as short as it can be told. */
function rangeWritten(from: Instant, to: Instant, options: Intl.DateTimeFormatOptions): string {
  return text(dates(options).formatRangeToParts(date(from), date(to)));
}

export const time = (instant: Instant): string =>
  written(instant, { hour: "2-digit", minute: "2-digit" });
export const seconds = (instant: Instant): string =>
  written(instant, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const day = (instant: Instant): string =>
  written(instant, { weekday: "short", day: "numeric", month: "short" });
export const dayAndYear = (instant: Instant): string =>
  written(instant, { day: "numeric", month: "short", year: "numeric" });
export const month = (instant: Instant): string =>
  written(instant, { month: "short", year: "numeric" });
export const year = (instant: Instant): string => written(instant, { year: "numeric" });
export const moment = (instant: Instant): string =>
  written(instant, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const dayOfMonth = (instant: Instant): string =>
  written(instant, { day: "numeric", month: "short" });
export const monthName = (instant: Instant): string => written(instant, { month: "short" });
export const dayInFull = (instant: Instant): string =>
  written(instant, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const monthInFull = (instant: Instant): string =>
  written(instant, { month: "long", year: "numeric" });
export const dayRange = (from: Instant, to: Instant): string =>
  rangeWritten(from, to, { day: "numeric", month: "short", year: "numeric" });
export const momentRange = (from: Instant, to: Instant): string =>
  rangeWritten(from, to, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** The legal day of an instant as the API takes it, YYYY-MM-DD. */
export function isoDay(instant: Instant): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, dateStyle: "short" });
  return parts.format(date(instant));
}

/** A legal day some days later. */
export function addDays(isoDate: string, days: number): string {
  const found = new Date(`${isoDate}T12:00:00Z`);
  found.setUTCDate(found.getUTCDate() + days);
  return found.toISOString().slice(0, 10);
}

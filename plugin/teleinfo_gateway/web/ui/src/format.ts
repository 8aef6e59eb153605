/** Numbers, energy, money and dates in the words of the reader; days are those of France. */

import { locale } from "./language";

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

/** A number with at most so many decimals. */
export function number(value: number, decimals = 0): string {
  return numbers({ maximumFractionDigits: decimals, minimumFractionDigits: decimals }).format(value);
}

/** Energy: Wh as kWh with as many decimals as it deserves. */
export function kwh(wh: number): string {
  const decimals = Math.abs(wh) < 10_000 ? 2 : Math.abs(wh) < 1_000_000 ? 1 : 0;
  return `${number(wh / 1000, decimals)}\u00a0kWh`;
}

/** Money, to the cent unless a scale needs less. */
export function euros(amount: number, decimals = 2): string {
  return numbers({
    style: "currency",
    currency: "EUR",
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount);
}

/** A share of one, such as 0.98, in percent. */
export function percent(share: number): string {
  return numbers({ style: "percent", maximumFractionDigits: share > 0.1 ? 0 : 1 }).format(share);
}

/** A change as a share of what was before, in percent and with its sign. */
export function change(share: number): string {
  return numbers({
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0,
  }).format(share);
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

export const time = (instant: Instant): string =>
  dates({ hour: "2-digit", minute: "2-digit" }).format(date(instant));
export const seconds = (instant: Instant): string =>
  dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date(instant));
export const day = (instant: Instant): string =>
  dates({ weekday: "short", day: "numeric", month: "short" }).format(date(instant));
export const dayAndYear = (instant: Instant): string =>
  dates({ day: "numeric", month: "short", year: "numeric" }).format(date(instant));
export const month = (instant: Instant): string =>
  dates({ month: "short", year: "numeric" }).format(date(instant));
export const monthName = (instant: Instant): string =>
  dates({ month: "short" }).format(date(instant));
export const year = (instant: Instant): string => dates({ year: "numeric" }).format(date(instant));
export const moment = (instant: Instant): string =>
  dates({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(date(instant));

export const dayOfMonth = (instant: Instant): string =>
  dates({ day: "numeric", month: "short" }).format(date(instant));
export const monthAlone = (instant: Instant): string => dates({ month: "short" }).format(date(instant));
export const dayInFull = (instant: Instant): string =>
  dates({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date(instant));
export const monthInFull = (instant: Instant): string =>
  dates({ month: "long", year: "numeric" }).format(date(instant));
/** From an instant to another, as short as it can be told. */
export const dayRange = (from: Instant, to: Instant): string =>
  dates({ day: "numeric", month: "short", year: "numeric" }).formatRange(
    date(from),
    date(to),
  );
export const momentRange = (from: Instant, to: Instant): string =>
  dates({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).formatRange(
    date(from),
    date(to),
  );

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

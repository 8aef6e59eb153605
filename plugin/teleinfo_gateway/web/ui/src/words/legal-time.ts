/**
 * Days and longer periods of French legal time, where days last 23, 24 or 25 hours. Pure.
 *
 * Days are text, YYYY-MM-DD; instants are unix seconds.
 */

import type { Grain } from "../gateway/records";
import { ZONE, addDays } from "./format";

export const DAY_S = 86_400;
export const HOUR_S = 3600;

const OFFSETS_KEPT = 10_000; // more than the hours of a year
const offsets = new Map<number, number>();
const clock = new Intl.DateTimeFormat("en", {
  timeZone: ZONE,
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
});

/** Whether a text is a day. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Seconds that legal time is ahead of UTC. */
function offset(instant: number): number {
  const hour = Math.floor(instant / HOUR_S) * HOUR_S;
  const known = offsets.get(hour);
  if (known !== undefined) return known;
  const parts: Record<string, number> = {};
  for (const { type, value } of clock.formatToParts(hour * 1000)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour: hours = 0 } = parts;
  const found = Date.UTC(year, month - 1, day, hours) / 1000 - hour;
  if (offsets.size >= OFFSETS_KEPT) offsets.clear();
  offsets.set(hour, found);
  return found;
}

/** What a wall clock shows at an instant, as seconds that know no change of the hour. */
export function wall(instant: number): number {
  return instant + offset(instant);
}

/** The instant at which a wall clock shows this; the first one of the hour that comes twice. */
export function fromWall(seconds: number): number {
  const early = seconds - offset(seconds - 2 * HOUR_S);
  return wall(early) === seconds ? early : seconds - offset(early);
}

/** The instant at which a legal day begins. */
export function midnight(day: string): number {
  return fromWall(Date.parse(`${day}T00:00:00Z`) / 1000);
}

/** The first day of the period that a day belongs to. */
export function firstDay(grain: Grain, day: string): string {
  switch (grain) {
    case "week":
      return addDays(day, -((new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7));
    case "month":
      return `${day.slice(0, 7)}-01`;
    case "year":
      return `${day.slice(0, 4)}-01-01`;
    default:
      return day;
  }
}

/** The first day of a period so many later; hours go by days. */
export function shift(grain: Grain, day: string, count: number): string {
  const first = firstDay(grain, day);
  switch (grain) {
    case "week":
      return addDays(first, 7 * count);
    case "month":
      return moved(first, count);
    case "year":
      return moved(first, 12 * count);
    default:
      return addDays(first, count);
  }
}

function moved(first: string, months: number): string {
  const [year = 0, month = 1] = first.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/** The same date so many years later; the 29th of February becomes the 28th. */
export function addYears(day: string, years: number): string {
  const date = `${String(Number(day.slice(0, 4)) + years).padStart(4, "0")}${day.slice(4)}`;
  return Number.isNaN(Date.parse(date)) || new Date(date).toISOString().slice(0, 10) !== date
    ? `${date.slice(0, 8)}28`
    : date;
}

/** Days from one to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / (DAY_S * 1000));
}

/** A range of whole periods, from a day up to another one that is not included. */
export interface Range {
  grain: Grain;
  count: number;
  from: string;
  to: string;
}

/** So many periods, the last of which has this day; ranges of hours are counted in days. */
export function rangeOf(grain: Grain, count: number, day: string): Range {
  return {
    grain,
    count,
    from: shift(grain, day, 1 - count),
    to: shift(grain, day, 1),
  };
}

export const COMPARISONS = ["previous", "year", "none"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** The range to compare with: the one before, or the same a year before (weeks: 52 before). */
export function comparedWith({ grain, count, from, to }: Range, how: "previous" | "year"): Range {
  if (how === "previous") return { grain, count, from: shift(grain, from, -count), to: from };
  if (grain === "week") return { grain, count, from: addDays(from, -364), to: addDays(to, -364) };
  if (grain === "month" || grain === "year") {
    return { grain, count, from: addYears(from, -1), to: addYears(to, -1) };
  }
  const first = addYears(from, -1);
  return { grain, count, from: first, to: addDays(first, daysBetween(from, to)) };
}

/** As far into another range as an instant is into this one, by the wall clock. */
export function sameMoment(instant: number, range: Range, other: Range): number {
  const passed = wall(instant) - wall(midnight(range.from));
  return Math.min(fromWall(wall(midnight(other.from)) + passed), midnight(other.to));
}

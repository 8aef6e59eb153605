/** The powers of a day or two, and of those before, as curves. Pure. */

import type { Stretch } from "../charts/chart-tools";
import type { Gateway } from "../gateway/gateway";
import type { CurveTold, Series } from "../gateway/records";
import { DAY_S, daysBetween, fromWall, wall, type Range } from "../words/legal-time";

/** As many readings as a day of minutes has. */
const POINTS = 1500;

const SILENCE_S = 180; // a meter counts as lost after it

export const CURRENTS = ["i1", "i2", "i3"] as const;
export const VOLTAGES = ["u1", "u2", "u3"] as const;

/** A value of the days before, at the instant of the present days that has the same clock time. */
export interface Before {
  time: readonly number[];
  original: readonly number[];
  value: readonly (number | null)[];
}

export interface DayData {
  series: Series;
  whole: Stretch;
  before: Before;
  gaps: readonly Stretch[];
}

const at = (told: string): number => Date.parse(told) / 1000;

/** Ask for the powers of a range of days and of the range before it. Throws RequestError. */
export async function loadDay(
  gateway: Gateway,
  meter: string,
  range: Range,
  earlier: Range,
  more: readonly string[],
): Promise<DayData> {
  const ask = async (days: Range, values: readonly string[]) =>
    bridged(
      await gateway.history({
        ...{ meter, from: days.from, to: days.to, points: POINTS },
        values: values.join(","),
      }),
    );
  const [series, before] = await Promise.all([
    ask(range, ["papp", "pinj", ...more]),
    ask(earlier, ["papp"]),
  ]);
  const whole: Stretch = [at(series.start), at(series.end)];
  const days = daysBetween(earlier.from, range.from);
  return { series, whole, before: moved(before, days), gaps: gapsOf(series, whole) };
}

/** The same, closer: what a part of it was in finer steps. */
export async function loadPart(
  gateway: Gateway,
  meter: string,
  [from, to]: Stretch,
  more: readonly string[],
): Promise<Series> {
  const values = ["papp", "pinj", ...more].join(",");
  const stretch = { from: Math.floor(from), to: Math.ceil(to) };
  return bridged(await gateway.history({ meter, ...stretch, points: POINTS, values }));
}

/** Steps without a reading are no gap where readings are that far apart: they are left out. */
export function bridged(series: Series): Series {
  if (!series.step_s) return series;
  const told = series.values["papp"]?.value ?? [];
  const heard = series.time.flatMap((_, place) => (told[place] == null ? [] : [place]));
  const apart = heard.slice(1).map((place, index) => place - (heard[index] ?? place));
  const kept = new Set(series.time.keys());
  apart.forEach((steps, index) => {
    const around = [index - 2, index - 1, index + 1, index + 2].flatMap((one) => apart[one] ?? []);
    const usual_s = middleOf(around, 1) * series.step_s;
    const from = heard[index] ?? 0;
    if (steps * series.step_s > Math.max(SILENCE_S, 3 * usual_s)) return;
    for (let place = from + 1; place < from + steps; place += 1) kept.delete(place);
  });
  const pick = <T>(values: readonly T[]): T[] => values.filter((_, place) => kept.has(place));
  const values = Object.entries(series.values).map(([name, { unit, value, min, max }]) => [
    name,
    { unit, value: pick(value), min: min && pick(min), max: max && pick(max) },
  ]);
  return {
    ...series,
    time: pick(series.time),
    slot: pick(series.slot),
    values: Object.fromEntries(values) as Series["values"],
  };
}

/** Where the clock shows the same; an hour that came twice is told of its first time. */
function moved(series: Series, days: number): Before {
  const time: number[] = [];
  const original: number[] = [];
  const value: (number | null)[] = [];
  const told = series.values["papp"]?.value ?? [];
  series.time.forEach((instant, index) => {
    const now = fromWall(wall(instant) + days * DAY_S);
    if (now <= (time.at(-1) ?? -Infinity)) return;
    time.push(now);
    original.push(instant);
    value.push(told[index] ?? null);
  });
  return { time, original, value };
}

/** When nothing was heard: between two points, before the first and after the last. */
export function gapsOf(series: Series, [start, end]: Stretch): Stretch[] {
  const until = Math.min(end, Date.now() / 1000);
  const told = series.values["papp"]?.value ?? [];
  const heard = series.time.filter((_, index) => told[index] != null);
  const usual = Math.max(SILENCE_S, 2 * series.step_s, 3 * usualStep(heard));
  const gaps: Stretch[] = [];
  let from = start;
  let known = false;
  series.time.forEach((instant, index) => {
    if (told[index] == null) {
      if (known) from = instant;
      known = false;
    } else {
      if (!known && instant - from > (from === start ? usual : 0)) gaps.push([from, instant]);
      known = true;
      from = instant + series.step_s; // a step is heard to its end
    }
  });
  if (until - from > usual) gaps.push([from, until]);
  return gaps;
}

/** The middle one of the times between two points. */
function usualStep(time: readonly number[]): number {
  const steps = time.slice(1).map((one, index) => one - (time[index] ?? one));
  return middleOf(steps, 0);
}

function middleOf(numbers: number[], otherwise: number): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? otherwise;
}

/** The place of the last point up to an instant, or -1. */
function placeOf(time: readonly number[], instant: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] ?? Infinity) <= instant) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The nearest point to an instant, or -1: of steps that which it lies in. */
export function nearest(time: readonly number[], instant: number, step_s: number): number {
  const place = placeOf(time, instant);
  const next = time[place + 1];
  if (step_s || next === undefined) return place;
  return next - instant < instant - (time[place] ?? -Infinity) ? place + 1 : place;
}

/** The contract of an instant, the last one that had begun. */
export function optarifAt({ contracts }: Series, instant: number): string {
  const begun = contracts.filter((one) => at(one.since) <= instant);
  return (begun.at(-1) ?? contracts[0])?.optarif ?? "";
}

/** The gateway's own word for a slot. */
export function slotWord({ contracts }: Series, optarif: string, slot: number): string {
  return contracts.find((one) => one.optarif === optarif)?.slots[String(slot)] ?? "";
}

export const isTold = (curve: CurveTold | undefined): curve is CurveTold =>
  curve !== undefined && curve.value.some((one) => one !== null);

/** What the charts of a day draw and tell. */

import type uPlot from "uplot";
import type { Stretch } from "../charts/chart-tools";
import { hatch } from "../charts/hatch";
import type { Curves, Told } from "../charts/time-chart";
import type { Series } from "../gateway/records";
import { token } from "../look/tokens";
import { slotName, slotToken } from "../tariff/tariff";
import { addDays, day, isoDay, momentRange, number, seconds, time, va } from "../words/format";
import { t } from "../words/language";
import { midnight } from "../words/legal-time";
import { isTold, nearest, optarifAt, slotWord, type DayData } from "./day-data";

/** A tariff slot of the day: its name and its colour (a token). */
export interface DaySlot {
  key: string;
  name: string;
  colour: string;
}

const LEAST_VA = 500; // a chart of a sleeping house is not all noise
const HEADROOM = 1.06;

/** The slots of a series in the order of their numbers. */
export function slotsOf(series: Series): DaySlot[] {
  const found = new Map<string, DaySlot & { order: number }>();
  series.time.forEach((instant, index) => {
    if (series.values["papp"]?.value[index] == null) return;
    const slot = series.slot[index] ?? 0;
    const optarif = optarifAt(series, instant);
    const key = `${optarif} ${slot}`;
    if (found.has(key)) return;
    const name = slotName(optarif, slot, slotWord(series, optarif, slot));
    found.set(key, { key, name, colour: slotToken(optarif, slot), order: slot });
  });
  return [...found.values()].sort((a, b) => a.order - b.order);
}

/** Power coloured by slot, its range, what was injected below zero, and the days before. */
export function powerCurves(data: DayData): Curves {
  const { series, whole, before, gaps } = data;
  const slots = slotsOf(series);
  const papp = series.values["papp"];
  const pinj = series.values["pinj"];
  const injects = pinj?.value.some((one) => one) ?? false;
  const { time: instants, now, then } = merged(series.time, before.time);
  const take = (values: readonly (number | null)[] | null | undefined) => placed(now, values ?? []);
  const lines = slots.map(({ key }) => take(ofSlot(series, key)));
  const high = Math.max(LEAST_VA, ...told(papp?.max ?? papp?.value), ...told(before.value));
  const low = injects ? -Math.max(...told(pinj?.value)) : 0;
  return {
    data: {
      time: instants,
      series: [
        placed(then, before.value),
        take(papp?.max),
        take(papp?.min),
        ...lines,
        ...(injects ? [take(pinj?.value.map((one) => (one ? -one : null)))] : []),
        take(papp?.value),
      ],
    },
    series: () => [
      line("--ti-ink-soft", 1),
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
      ...slots.map(({ colour }) => area(colour)),
      ...(injects ? [area("--ti-injected")] : []),
      line("--ti-ink", 1.25),
    ],
    bands: () => [{ series: [2, 3], fill: mixed("--ti-ink", 20) }],
    unit: "VA",
    whole,
    values: [low * HEADROOM, high * HEADROOM],
    behind: (plot) => drawBehind(plot, whole, gaps),
    tell: (instant) => tell(data, instant),
  };
}

/** Currents or voltages of the phases that are told, or null where none is. */
export function phaseCurves(data: DayData, names: readonly string[], unit: "A" | "V"): Curves | null {
  const { series, whole, gaps } = data;
  const curves = names
    .map((name) => ({ name, curve: series.values[name] }))
    .filter(({ curve }) => isTold(curve));
  const all = curves.flatMap(({ curve }) => told(curve?.value));
  if (!all.length) return null;
  const low = unit === "V" ? Math.min(...all) - 2 : 0;
  const high = unit === "V" ? Math.max(...all) + 2 : Math.max(...all, 5) * HEADROOM;
  return {
    data: { time: series.time, series: curves.map(({ curve }) => curve?.value ?? []) },
    series: () => curves.map(({ name }) => line(phaseColour(name), 1.5)),
    bands: () => [],
    unit,
    whole,
    values: [low, high],
    behind: (plot) => drawBehind(plot, whole, gaps),
    tell: (instant) => {
      const place = nearest(series.time, instant, series.step_s);
      const at = series.time[place];
      if (at === undefined) return null;
      return {
        title: clock(series, at),
        lines: curves.map(({ name, curve }) => {
          const value = curve?.value[place];
          const text = value == null ? "–" : `${number(value, unit === "A" ? 1 : 0)} ${unit}`;
          return { name: phaseName(name), colour: phaseColour(name), value: text };
        }),
      };
    },
  };
}

const PHASES = ["--ti-peak", "--ti-off-peak", "--ti-red-high"] as const;

export const phaseColour = (name: string): string => PHASES[Number(name.at(-1)) - 1] ?? "--ti-accent";
export const phaseName = (name: string): string => t("dayPhase", { phase: name.slice(-1) });

function told(values: readonly (number | null)[] | null | undefined): number[] {
  return (values ?? []).filter((one) => one !== null);
}

/** The values of one slot; the first point after it belongs to it too, so that nothing is cut. */
function ofSlot(series: Series, key: string): (number | null)[] {
  const values = series.values["papp"]?.value ?? [];
  let before = false;
  return series.time.map((instant, index) => {
    const is = key === `${optarifAt(series, instant)} ${series.slot[index] ?? 0}`;
    const taken = is || before ? (values[index] ?? null) : null;
    before = is;
    return taken;
  });
}

/** Two rows of instants as one, and for each of its places those in the two, or -1. */
function merged(
  a: readonly number[],
  b: readonly number[],
): { time: number[]; now: number[]; then: number[] } {
  const time = [...new Set([...a, ...b])].sort((one, other) => one - other);
  const places = (of: readonly number[]) => {
    const known = new Map(of.map((instant, place) => [instant, place]));
    return time.map((instant) => known.get(instant) ?? -1);
  };
  return { time, now: places(a), then: places(b) };
}

/** Values at their places among others; a gap reaches from the value before it to the one after. */
function placed(
  places: readonly number[],
  values: readonly (number | null)[],
): (number | null | undefined)[] {
  const found = places.map((place) => (place < 0 ? undefined : (values[place] ?? null)));
  for (let place = 1; place < found.length; place += 1) {
    if (found[place] === undefined && found[place - 1] === null) found[place] = null;
  }
  for (let place = found.length - 2; place >= 0; place -= 1) {
    if (found[place] === undefined && found[place + 1] === null) found[place] = null;
  }
  return found;
}

function mixed(colour: string, share: number): string {
  return `color-mix(in srgb, ${token(colour)} ${share}%, transparent)`;
}

function line(colour: string, width: number): uPlot.Series {
  return { stroke: token(colour), width, points: { show: false } };
}

function area(colour: string): uPlot.Series {
  return { width: 0, fill: mixed(colour, 65), points: { show: false } };
}

/** Hatched gaps with their name where there is room, and a line at each midnight. */
function drawBehind(plot: uPlot, [start, end]: Stretch, gaps: readonly Stretch[]): void {
  const { ctx: context, bbox } = plot;
  const scale = devicePixelRatio;
  const x = (instant: number) =>
    Math.min(Math.max(plot.valToPos(instant, "x", true), bbox.left), bbox.left + bbox.width);
  context.save();
  context.strokeStyle = token("--ti-ink-soft");
  context.lineWidth = scale;
  for (let at = addDays(isoDay(start), 1); midnight(at) < end; at = addDays(at, 1)) {
    const place = x(midnight(at));
    context.beginPath();
    context.moveTo(place, bbox.top);
    context.lineTo(place, bbox.top + bbox.height);
    context.stroke();
  }
  context.font = `${12 * scale}px ${token("--ti-font")}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [from, to] of gaps) {
    const left = x(from);
    const wide = x(to) - left;
    context.strokeStyle = token("--ti-ink-soft");
    context.globalAlpha = 0.45;
    hatch(context, [left, bbox.top, wide, bbox.height], scale);
    context.globalAlpha = 1;
    const name = t("gapShort");
    const needed = context.measureText(name).width + 16 * scale;
    if (needed > wide) continue;
    const y = bbox.top + 18 * scale;
    context.fillStyle = token("--ti-surface");
    context.fillRect(left + (wide - needed) / 2, y - 10 * scale, needed, 20 * scale);
    context.fillStyle = token("--ti-ink-soft");
    context.fillText(name, left + wide / 2, y);
  }
  context.restore();
}

/** An instant, or the step that begins there, by the clock. */
function clock({ step_s, time: instants }: Series, at: number): string {
  if (step_s) return `${day(at)}, ${time(at)} – ${time(at + step_s)}`;
  const fine = instants.some((one) => one % 60);
  return `${day(at)}, ${fine ? seconds(at) : time(at)}`;
}

function tell({ series, before, gaps }: DayData, instant: number): Told | null {
  const { papp, pinj } = series.values;
  const place = nearest(series.time, instant, series.step_s);
  const at = series.time[place];
  const silent = gaps.some(([from, to]) => from < instant && instant < to);
  const value = silent ? null : papp?.value[place];
  const lines: { name: string; value: string; colour?: string }[] = [];
  const future = instant > Date.now() / 1000;
  if (at !== undefined && value != null && !future) {
    const slot = series.slot[place] ?? 0;
    const optarif = optarifAt(series, at);
    const name = slotName(optarif, slot, slotWord(series, optarif, slot));
    lines.push({ name, value: va(value), colour: slotToken(optarif, slot) });
    const [low, high] = [papp?.min?.[place], papp?.max?.[place]];
    if (low != null && high != null && high > low) {
      lines.push({ name: t("lowToHigh"), value: `${number(low)} – ${va(high)}` });
    }
    const injected = pinj?.value[place];
    if (injected) lines.push({ name: t("slotInjected"), value: va(injected), colour: "--ti-injected" });
  } else if (!future) lines.push({ name: t("nothingHeard"), value: "" });
  const then = nearest(before.time, instant, 0);
  const original = before.original[then];
  const earlier = before.value[then];
  if (original !== undefined && earlier != null) {
    lines.push({ name: `${day(original)}, ${time(original)}`, value: va(earlier) });
  }
  const known = at !== undefined && value != null && !future;
  const title = known ? clock(series, at) : `${day(instant)}, ${time(instant)}`;
  return lines.length ? { title, lines } : null;
}

/** Gaps in words. */
export function gapTexts(gaps: readonly Stretch[]): string[] {
  return gaps.map(([from, to]) => momentRange(from, to));
}

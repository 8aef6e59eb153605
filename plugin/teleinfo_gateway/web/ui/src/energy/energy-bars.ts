/** Energy and costs of a range as bars. Pure. */

import type { BarData, BarSeries, Unit } from "../charts/bar-data";
import type { Cost, Energy, Grain, OutageTold, PeriodCost, PeriodEnergy } from "../gateway/records";
import { millionths } from "../tariff/money";
import { optarifOf, slotName, slotToken } from "../tariff/tariff";
import {
  change,
  day,
  dayInFull,
  dayOfMonth,
  dayRange,
  kwh,
  monthName,
  monthInFull,
  percent,
  time,
  va,
  year,
} from "../words/format";
import { t } from "../words/language";
import { HOUR_S, midnight, wall, type Range } from "../words/legal-time";
import type { Shown } from "./energy-loading";

/** Below this share of its time a period is marked as not wholly heard. */
export const HEARD = 0.95;

const UNKNOWN = 0;
const INJECTED = -1;
const LABELS = 62; // more bars of days than this have months beneath them

/** Unix seconds of an instant that the gateway told. */
export const at = (told: string): number => Date.parse(told) / 1000;

/** A series with its way into the numbers of a period. */
interface Taking<Period> extends BarSeries {
  take: (period: Period) => number;
}

/** What a meter drew, or what it cost, as a chart shows it. */
export function barsOf(shown: Shown): BarData {
  if (shown.cost) return bars(shown, "money", moneySeries(shown));
  return bars(shown, "energy", energySeries(shown.energy));
}

function bars(shown: Shown, unit: Unit, series: readonly Taking<Both>[]): BarData {
  const { energy, asked } = shown;
  const costs = new Map(shown.cost?.periods.map((one) => [one.start, one]));
  const both = energy.periods.map((one) => ({ energy: one, cost: costs.get(one.start) ?? null }));
  const ghosts = ghostsOf(shown);
  const outages = energy.periods.flatMap((one) => one.outages);
  return {
    unit,
    series: series.map(({ name, colour }) => ({ name, colour })),
    bars: both.map((one, index) => {
      const ghost = ghosts.get(keyOf(asked.range, one.energy, index)) ?? null;
      return {
        axis: axisText(asked.range, at(one.energy.start), energy.periods.length),
        name: periodName(asked.range.grain, instants(one.energy)),
        parts: series.map(({ take }) => take(one)),
        total: totalOf(one, unit),
        ghost: ghost?.total ?? null,
        ghostName: ghost?.name ?? "",
        outage: unit === "energy" ? sharedWh(outages, one.energy) : 0,
        partial: one.energy.coverage < HEARD,
        notes: notesOf(one, unit, outages),
      };
    }),
  };
}

interface Both {
  energy: PeriodEnergy;
  cost: PeriodCost | null;
}

function totalOf({ energy, cost }: Both, unit: Unit): number | null {
  if (unit === "energy") return energy.wh;
  return cost && (cost.parts.length || energy.wh !== null) ? millionths(cost.total_euros) : null;
}

/** The slots of a range, then what has no slot; injected energy goes downwards. */
function energySeries({ total, periods }: Pick<Energy, "total" | "periods">): Taking<Both>[] {
  const tariffs = new Map(
    [total, ...periods].flatMap((one) => one.tariffs).map((one) => [`${one.optarif} ${one.slot}`, one]),
  );
  const series: Taking<Both>[] = [...tariffs.values()].map(({ optarif, slot, name }) => ({
    name: slotName(optarif, slot, name),
    colour: slotToken(optarif, slot),
    take: ({ energy }) =>
      energy.tariffs.find((one) => one.optarif === optarif && one.slot === slot)?.wh ?? 0,
  }));
  if (total.unknown_wh) series.push(apart(UNKNOWN, ({ energy }) => energy.unknown_wh ?? 0));
  if (total.injected_wh) series.push(apart(INJECTED, ({ energy }) => -(energy.injected_wh ?? 0)));
  return series;
}

function apart(slot: number, take: (period: Both) => number): Taking<Both> {
  return { name: slotName("", slot), colour: slotToken("", slot), take };
}

function moneySeries({ cost }: Shown): Taking<Both>[] {
  const parts = cost?.total?.parts ?? [];
  const slots = new Map(
    parts.flatMap(({ option, slots }) =>
      slots
        .filter((one) => millionths(one.euros))
        .map((one) => [`${option} ${one.slot}`, { option, ...one }]),
    ),
  );
  const sum = (of: (part: Cost) => string) => (both: Both) =>
    (both.cost?.parts ?? []).reduce((total, part) => total + millionths(of(part)), 0);
  const series: Taking<Both>[] = [...slots.values()].map(({ option, slot, name }) => ({
    name: slotName(optarifOf(option), slot, name),
    colour: slotToken(optarifOf(option), slot),
    take: sum((part) =>
      part.option === option ? (part.slots.find((one) => one.slot === slot)?.euros ?? "0") : "0",
    ),
  }));
  const fixed: readonly [string, string, (part: Cost) => string][] = [
    [t("standingCharge"), "--ti-ink-soft", (part) => part.subscription_euros],
    [t("taxes"), "--ti-unknown", (part) => part.taxes_euros],
  ];
  for (const [name, colour, of] of fixed) {
    if (parts.some((part) => millionths(of(part)))) series.push({ name, colour, take: sum(of) });
  }
  if (parts.some((part) => millionths(part.injected_euros))) {
    const take = sum((part) => part.injected_euros);
    series.push(apart(INJECTED, (both) => -take(both)));
  }
  return series;
}

/** What belongs together in two ranges: hours by the wall clock, other periods by their place. */
function keyOf(range: Range, period: PeriodEnergy, index: number): number {
  if (range.grain !== "hour") return index;
  return Math.round((wall(at(period.start)) - wall(midnight(range.from))) / HOUR_S);
}

function ghostsOf({ compared, cost }: Shown): Map<number, { total: number | null; name: string }> {
  if (!compared) return new Map();
  const { range, energy } = compared;
  const costs = new Map(compared.cost?.periods.map((one) => [one.start, one]));
  return new Map(
    energy.periods.map((one, index) => {
      const both = { energy: one, cost: costs.get(one.start) ?? null };
      const total = one.wh === null ? null : totalOf(both, cost ? "money" : "energy");
      return [keyOf(range, one, index), { total, name: periodName(range.grain, instants(one)) }];
    }),
  );
}

/** What a period is called where there is room. */
export function periodName(grain: Grain, { start, end }: { start: number; end: number }): string {
  switch (grain) {
    case "hour":
      return `${day(start)}, ${time(start)} – ${time(end)}`;
    case "day":
      return dayInFull(start);
    case "week":
      return dayRange(start, end - 1);
    case "month":
      return monthInFull(start);
    case "year":
      return year(start);
  }
}

/** From when to when something lasted. */
export const instants = (told: { start: string; end: string }): { start: number; end: number } => ({
  start: at(told.start),
  end: at(told.end),
});

/** What a range is called. */
export function rangeName({ grain, count, from, to }: Range): string {
  const start = midnight(from);
  const last = midnight(to) - 1;
  if (count > 1 || grain === "week") return dayRange(start, last);
  return periodName(grain === "hour" ? "day" : grain, { start, end: last });
}

/** A month by its name, January by its year. */
function monthOrYear(start: number): string {
  return new Date(wall(start) * 1000).getUTCMonth() === 0 ? year(start) : monthName(start);
}

function axisText({ grain, from, to }: Range, start: number, count: number): string {
  switch (grain) {
    case "hour": {
      const hour = (wall(start) / HOUR_S) % 24;
      if (Date.parse(to) - Date.parse(from) <= 86_400_000) return time(start);
      return hour === 0 ? day(start) : hour === 12 && count <= 50 ? time(start) : "";
    }
    case "day":
      if (count <= LABELS) return dayOfMonth(start);
      return new Date(wall(start) * 1000).getUTCDate() === 1 ? monthOrYear(start) : "";
    case "week":
      return dayOfMonth(start);
    case "month":
      return monthOrYear(start);
    case "year":
      return year(start);
  }
}

function notesOf({ energy, cost }: Both, unit: Unit, outages: readonly OutageTold[]): string[] {
  const notes = [];
  if (unit === "money" && energy.wh !== null) notes.push(kwh(energy.wh));
  if (energy.papp_max !== null) notes.push(t("upTo", { power: va(energy.papp_max) }));
  if (at(energy.end) > Date.now() / 1000) notes.push(t("notOver"));
  if (energy.coverage < HEARD) notes.push(t("heardShare", { share: percent(energy.coverage) }));
  const apart = sharedWh(outages, energy);
  if (apart) notes.push(t("outageHere", { energy: kwh(apart) }));
  if (cost && !cost.complete) notes.push(t("costIncomplete"));
  return notes;
}

/** All energy of an outage, whatever its tariff; what was injected is not in it. */
export function outageWh({ tariffs, unknown_wh }: OutageTold): number {
  return tariffs.reduce((sum, one) => sum + (one.wh ?? 0), unknown_wh ?? 0);
}

/** The part of the outages of a range that falls into a period if they are shared by time. */
function sharedWh(outages: readonly OutageTold[], { start, end }: PeriodEnergy): number {
  return outages.reduce((sum, one) => {
    const { start: from, end: to } = instants(one);
    const inside = Math.min(to, at(end)) - Math.max(from, at(start));
    return inside > 0 ? sum + (outageWh(one) * inside) / (to - from) : sum;
  }, 0);
}

/** How much more or less than before, in percent; empty where there is nothing to compare with. */
export function changeText(now: number | null, before: number | null): string {
  return now === null || !before ? "" : change((now - before) / before);
}

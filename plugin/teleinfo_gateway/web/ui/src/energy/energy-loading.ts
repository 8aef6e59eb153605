/** What the view of energy asks the gateway for one meter. */

import { RequestError, type Gateway, type Parameters } from "../gateway/gateway";
import type { ContractCost, Energy, PeriodEnergy } from "../gateway/records";
import {
  DAY_S,
  HOUR_S,
  comparedWith,
  daysBetween,
  midnight,
  sameMoment,
  type Comparison,
  type Range,
} from "../words/legal-time";

export interface Asked {
  meter: string;
  range: Range;
  comparison: Comparison;
  money: boolean;
}

/** A range to compare with; `until` is set where the present one is not over. */
export interface Compared {
  range: Range;
  energy: Energy;
  cost: ContractCost | null;
  /** What was counted, and what it cost in millionths of a euro, as far as the present range is. */
  until: number | null;
  wh: number | null;
  euros: string | null;
  coverage: number;
}

export interface Shown {
  asked: Asked;
  energy: Energy;
  /** The days of the range, for records. */
  days: readonly PeriodEnergy[];
  cost: ContractCost | null;
  compared: Compared | null;
}

const HOURS_AT_MOST = 80; // days by the hour in one answer; it gives 2000 periods

/** Ask for everything that is shown of a meter. Throws RequestError. */
export async function loadEnergy(gateway: Gateway, asked: Asked): Promise<Shown> {
  const { meter, range, comparison } = asked;
  const asks = { meter, grain: range.grain, from: range.from, to: range.to };
  const longer = range.grain !== "hour" && range.grain !== "day";
  const cost = asked.money ? await costOf(gateway, asks) : null;
  const known = { ...asked, money: cost !== null };
  const [energy, days, compared] = await Promise.all([
    gateway.energy(asks),
    longer ? gateway.energy({ ...asks, grain: "day" }) : null,
    comparison === "none" ? null : loadCompared(gateway, known, comparedWith(range, comparison)),
  ]);
  return { asked, energy, days: (days ?? energy).periods, cost, compared };
}

/** What the meter's own contracts make of it; null where there are none (409). */
async function costOf(gateway: Gateway, asks: Parameters): Promise<ContractCost | null> {
  try {
    return (await gateway.cost(asks)).costs[0] ?? null;
  } catch (error) {
    if (error instanceof RequestError && error.status === 409) return null;
    throw error;
  }
}

async function loadCompared(gateway: Gateway, asked: Asked, range: Range): Promise<Compared> {
  const { meter } = asked;
  const now = Date.now() / 1000;
  const going = now < midnight(asked.range.to);
  const until = going ? sameMoment(now, asked.range, range) : null;
  const asks = { meter, grain: range.grain, from: range.from, to: range.to };
  const [energy, cost, sofar, sofarCost] = await Promise.all([
    gateway.energy(asks),
    asked.money ? costOf(gateway, asks) : null,
    until === null ? null : energyUntil(gateway, meter, range, until),
    until === null || !asked.money
      ? null
      : costOf(gateway, { meter, from: range.from, to: Math.round(until) }),
  ]);
  const { wh, coverage } = sofar ?? energy.total;
  return {
    range,
    energy,
    cost,
    until,
    wh,
    euros: (sofarCost ?? cost)?.total?.total_euros ?? null,
    coverage,
  };
}

/** Energy from the beginning of a range; of the hour or day that is cut, the part by time. */
async function energyUntil(
  gateway: Gateway,
  meter: string,
  range: Range,
  until: number,
): Promise<{ wh: number | null; coverage: number }> {
  const byHour = daysBetween(range.from, range.to) <= HOURS_AT_MOST;
  const to = Math.max(Math.round(until), midnight(range.from) + 1);
  const asks = { meter, grain: byHour ? "hour" : "day", from: range.from, to };
  const { total, periods } = await gateway.energy(asks);
  const last = periods.at(-1);
  if (total.wh === null || !last?.wh) return total;
  const passed = (to - Date.parse(last.start) / 1000) / (byHour ? HOUR_S : DAY_S);
  return { wh: total.wh - last.wh * (1 - Math.min(passed, 1)), coverage: total.coverage };
}

/** What a bar chart shows. Pure. */

/** What the numbers are of: Wh, or millionths of a euro. */
export type Unit = "energy" | "money";

/** So many of the numbers make one of what stands at the axis, kWh or euros. */
export const PER: Record<Unit, number> = { energy: 1000, money: 1_000_000 };

/** A part of the bars, in the order of the stack from below; `colour` is a token. */
export interface BarSeries {
  name: string;
  colour: string;
}

export interface Bar {
  /** What stands beneath the axis, where there is room for it. */
  axis: string;
  /** What the bar is called elsewhere. */
  name: string;
  /** One number for each series; those below zero go downwards. */
  parts: readonly number[];
  /** What was drawn, without what was injected; null where nothing was heard. */
  total: number | null;
  /** The same of the period it is compared with, and what that is called. */
  ghost: number | null;
  ghostName: string;
  /** What was counted in outages, by time alone: it is in no part and in no total. */
  outage: number;
  /** Whether much of it was not heard. */
  partial: boolean;
  /** More to be said of it, in words. */
  notes: readonly string[];
}

export interface BarData {
  unit: Unit;
  series: readonly BarSeries[];
  bars: readonly Bar[];
}

export interface Scale {
  low: number;
  high: number;
  step: number;
}

const TICKS = 5;

/** From where to where the value axis goes, and its step: 1, 2 or 5 times a power of ten. */
export function scaleOf({ unit, bars }: BarData): Scale {
  let low = 0;
  let high = 0;
  for (const { parts, ghost, outage } of bars) {
    const drawn = parts.reduce((sum, one) => sum + Math.max(one, 0), outage);
    high = Math.max(high, ghost ?? 0, drawn);
    low = Math.min(low, parts.reduce((sum, one) => sum + Math.min(one, 0), 0));
  }
  const per = PER[unit];
  const rough = Math.max(high - low, per / 100) / TICKS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((one) => one * magnitude >= rough) ?? 10) * magnitude;
  return {
    low: Math.floor(low / step) * step,
    high: Math.max(Math.ceil(high / step), 1) * step,
    step,
  };
}

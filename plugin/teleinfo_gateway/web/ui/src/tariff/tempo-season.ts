/** The days of a Tempo year and their colours. Pure; days are text, YYYY-MM-DD. */

import type { Colour, Energy, PeriodEnergy, Tempo } from "../gateway/records";
import { addDays, isoDay } from "../words/format";
import { HOUR_S, daysBetween } from "../words/legal-time";

export const DAY_COLOURS = ["blue", "white", "red"] as const;
export type DayColour = (typeof DAY_COLOURS)[number];

/** White and red days of a year, from the 1st of September; all the others are blue. */
const WHITE = 43;
const RED = 22;

export interface Season {
  from: string;
  /** Not included. */
  to: string;
  today: string;
  days: ReadonlyMap<string, Colour>;
}

/** What is known of a season: days that were seen, and days that are left of each colour. */
export interface Counts {
  seen: Record<DayColour, number>;
  left: Record<DayColour, number>;
  /** Days that nobody saw: so many may be missing from what is left. */
  unseen: number;
}

/** The Tempo day of an instant: it lasts from 06:00 to 06:00. */
export function tempoDay(instant: number): string {
  return isoDay(instant - 6 * HOUR_S);
}

export function seasonStart(day: string): string {
  const year = Number(day.slice(0, 4)) - (day.slice(5) < "09-01" ? 1 : 0);
  return `${year}-09-01`;
}

/** The season of a day, with the colours that the history and the meter tell. */
export function season(today: string, energy: Energy | null, tempo: Tempo | null): Season {
  const from = seasonStart(today);
  const days = new Map<string, Colour>();
  for (const one of energy?.periods ?? []) {
    const day = isoDay(Date.parse(one.start) / 1000);
    const colour = colourOf(one);
    if (colour && day <= today) days.set(day, colour);
  }
  if (tempo?.today) days.set(today, tempo.today);
  if (tempo?.tomorrow) days.set(addDays(today, 1), tempo.tomorrow);
  return { from, to: seasonStart(addDays(from, 366)), today, days };
}

/** By the peak hours: the off-peak ones before 06:00 belong to the day before. */
function colourOf(day: PeriodEnergy): Colour | undefined {
  const peaks = day.tariffs.filter((one) => one.optarif.startsWith("BBR") && one.slot % 2 === 0);
  const longest = peaks.sort((one, other) => other.seconds - one.seconds)[0];
  return longest && DAY_COLOURS[longest.slot / 2 - 1];
}

/** What is left, by the history or by what the gateway saw itself: whichever missed fewer days. */
export function counts({ from, to, today, days }: Season, tempo: Tempo | null): Counts {
  const gone = daysBetween(from, today) + 1;
  const known = [...days].filter(([day]) => day >= from && day <= today).map(([, colour]) => colour);
  const count = (colour: Colour): number => known.filter((one) => one === colour).length;
  let seen = { blue: count("blue"), white: count("white"), red: count("red") };
  let unseen = gone - seen.blue - seen.white - seen.red;
  if (tempo && tempo.since === from && tempo.not_seen < unseen) {
    seen = { blue: tempo.blue, white: tempo.white, red: tempo.red };
    unseen = tempo.not_seen;
  }
  const blue = daysBetween(from, to) - WHITE - RED;
  return {
    seen,
    unseen,
    left: { blue: blue - seen.blue, white: WHITE - seen.white, red: RED - seen.red },
  };
}

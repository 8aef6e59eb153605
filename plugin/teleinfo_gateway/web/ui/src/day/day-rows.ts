/** The powers of a day as rows of a file. Pure. */

import type { Stretch } from "../charts/chart-tools";
import { isoInstant } from "../charts/export";
import { slotName } from "../tariff/tariff";
import { nearest, optarifAt, slotWord, type DayData } from "./day-data";

type Cell = string | number | null;

/** What is looked at: instants in UTC, the slot, every value with its unit; gaps are empty. */
export function dayRows(
  { series, before }: DayData,
  [from, to]: Stretch,
): { headings: string[]; rows: Cell[][] } {
  const values = Object.entries(series.values).filter(
    ([name, curve]) => name === "papp" || curve.value.some((one) => one !== null),
  );
  const headings = [
    ...["time", "slot"],
    ...values.flatMap(([name, { unit, min, max }]) => [
      `${name} ${unit}`,
      ...(min && max ? [`${name}_min ${unit}`, `${name}_max ${unit}`] : []),
    ]),
    ...["before time", "before papp VA"],
  ];
  const rows = series.time.flatMap((instant, place): Cell[][] => {
    if (instant < from || instant > to) return [];
    const slot = series.slot[place] ?? null;
    const optarif = optarifAt(series, instant);
    const then = nearest(before.time, instant, 0);
    const original = before.original[then];
    return [
      [
        isoInstant(instant),
        slot === null ? null : slotName(optarif, slot, slotWord(series, optarif, slot)),
        ...values.flatMap(([, { value, min, max }]) => [
          value[place] ?? null,
          ...(min && max ? [min[place] ?? null, max[place] ?? null] : []),
        ]),
        original === undefined ? null : isoInstant(original),
        before.value[then] ?? null,
      ],
    ];
  });
  return { headings, rows };
}

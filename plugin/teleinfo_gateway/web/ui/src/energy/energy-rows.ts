/** Energy of a range as rows of a file. Pure. */

import { slotName } from "../tariff/tariff";
import { outageWh } from "./energy-bars";
import type { Shown } from "./energy-loading";

type Cell = string | number | null;

/** Instants in UTC, energy in Wh, power in VA; outages have rows of their own. */
export function energyRows({ energy, cost, compared }: Shown): { headings: string[]; rows: Cell[][] } {
  const tariffs = new Map(
    [energy.total, ...energy.periods]
      .flatMap((one) => one.tariffs)
      .map((one) => [`${one.optarif} ${one.slot}`, one]),
  );
  const slots = [...tariffs.values()];
  const costs = new Map(cost?.periods.map((one) => [one.start, one.total_euros]));
  const headings = [
    ...["kind", "start", "end", "wh"],
    ...slots.map((one) => `wh ${slotName(one.optarif, one.slot, one.name)}`),
    ...["wh unknown", "wh injected", "coverage", "papp_mean", "papp_max"],
    ...(cost ? ["euros"] : []),
    ...(compared ? ["compared start", "compared wh"] : []),
  ];
  const rows = energy.periods.flatMap((one, index): Cell[][] => {
    const other = compared?.energy.periods[index];
    const period: Cell[] = [
      ...[energy.grain, one.start, one.end, one.wh],
      ...slots.map(
        ({ optarif, slot }) =>
          one.tariffs.find((found) => found.optarif === optarif && found.slot === slot)?.wh ?? null,
      ),
      ...[one.unknown_wh, one.injected_wh, one.coverage, one.papp_mean, one.papp_max],
      ...(cost ? [Number(costs.get(one.start) ?? 0)] : []),
      ...(compared ? [other?.start ?? null, other?.wh ?? null] : []),
    ];
    const outages = one.outages.map((outage): Cell[] => [
      ...["outage", outage.start, outage.end, outageWh(outage)],
      ...slots.map(
        ({ optarif, slot }) =>
          outage.tariffs.find((found) => found.optarif === optarif && found.slot === slot)?.wh ?? null,
      ),
      ...[outage.unknown_wh, outage.injected_wh],
    ]);
    return [period, ...outages];
  });
  return { headings, rows };
}

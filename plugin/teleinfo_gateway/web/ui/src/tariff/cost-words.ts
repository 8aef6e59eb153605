/** What the total of a cost leaves out or estimates, in words. Pure. */

import type { Cost, PeriodCost } from "../gateway/records";
import { kwh, number } from "../words/format";
import { t } from "../words/language";

/** One sentence for each thing that a total leaves out or does not know exactly. */
export function costNotes({ parts, without_contract, outage_wh }: PeriodCost): string[] {
  const sum = (of: (part: Cost) => number) => parts.reduce((total, part) => total + of(part), 0);
  const counted: readonly [number, (amount: number) => string][] = [
    [sum((part) => part.days_without_price), (days) => t("daysWithoutPrice", { days: number(days) })],
    [sum((part) => part.unpriced_wh), (wh) => t("unpriced", { energy: kwh(wh) })],
    [sum((part) => part.unknown_slot_wh), (wh) => t("unknownSlot", { energy: kwh(wh) })],
    [sum((part) => part.not_reckoned_wh), (wh) => t("notReckoned", { energy: kwh(wh) })],
    [outage_wh, (wh) => t("outageNotPriced", { energy: kwh(wh) })],
    [sum((part) => part.estimated_wh), (wh) => t("estimatedShare", { energy: kwh(wh) })],
    [
      sum((part) => part.hours_above_power ?? 0),
      (hours) => t("hoursAbovePower", { hours: number(hours) }),
    ],
  ];
  return [
    ...counted.filter(([amount]) => amount).map(([amount, words]) => words(amount)),
    ...without_contract.map(({ option, wh }) => t("withoutContract", { option, energy: kwh(wh) })),
  ];
}

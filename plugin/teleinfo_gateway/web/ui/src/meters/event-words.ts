/** What happened, in the reader's language: the kinds of events and their values. */

import type { EventTold, LinkState, Status } from "../gateway/records";
import { codeMeaning } from "../tic/labels";
import { t, type Text } from "../words/language";
import { linkLook, statusLook } from "./states";

export const EVENT_KINDS = [
  "overload",
  "tariff",
  "tomorrow",
  "peak",
  "link",
  "status",
  "change",
  "refused",
] as const;

const TEXTS: Record<string, Text> = {
  overload: "eventOverload",
  tariff: "eventTariff",
  tomorrow: "eventTomorrow",
  peak: "eventPeak",
  link: "eventLink",
  status: "eventStatus",
  change: "eventChange",
  refused: "eventRefused",
};

const CHANGES: Record<string, Text> = {
  exchange: "changeExchange",
  mode: "changeMode",
  contract: "changeContract",
  rebase: "changeRebase",
};

const PEAKS: Record<string, Text> = {
  notice: "peakNotice",
  peak: "peakBegun",
  "peak,notice": "peakAndNotice",
  none: "peakNone",
};

/** A kind of events in words; one that is not known is called as the gateway calls it. */
export function kindName(kind: string): string {
  return TEXTS[kind] ? t(TEXTS[kind]) : kind;
}

/** The value of an event in words, its own text where there are none. */
export function valueWords(event: EventTold): string {
  const { kind, value } = event;
  if (value === "more") return "…"; // the history left out the rest of that hour: the detail says it
  switch (kind) {
    case "status":
      return `${value}: ${statusLook(value as Status).meaning}`;
    case "link":
      return linkLook(value as LinkState).meaning;
    case "overload":
      return value === "none" ? t("eventOverloadNone") : overload(value);
    case "tariff":
      return codeMeaning("PTEC", value) ?? value;
    case "tomorrow":
      return codeMeaning("DEMAIN", value) ?? value;
    case "peak":
      return PEAKS[value] ? t(PEAKS[value]) : value;
    case "change":
      return CHANGES[value] ? t(CHANGES[value]) : value;
    default:
      return value;
  }
}

/** What the gateway says about it, unless the value in words is all of it. */
export function detail(event: EventTold): string {
  const told = ["tariff", "tomorrow"].includes(event.kind) && valueWords(event) !== event.value;
  return told || event.value === "none" ? "" : event.detail;
}

function overload(value: string): string {
  const parts = value.split(",");
  const phases = parts.filter((part) => part !== "power").join(", ");
  const words = phases ? [t("eventOverloadPhases", { phases })] : [];
  if (parts.includes("power")) words.push(t("eventOverloadPower"));
  return words.join(", ");
}

/** An event of the stream as the log would tell it, `undefined` if the log does not keep it. */
export function fromStream(kind: string, data: Record<string, unknown>): EventTold | undefined {
  if (!EVENT_KINDS.some((one) => one === kind)) return undefined;
  const text = (...names: string[]): string => {
    const name = names.find((one) => typeof data[one] === "string");
    return name ? String(data[name]) : "";
  };
  const refused = kind === "refused" ? `${text("label")} ${text("value")}` : "";
  return {
    seq: 0,
    time: text("time", "since", "link_since"),
    meter: text("meter"),
    adco: null,
    kind,
    value: refused || text("value", "status", "link", "change"),
    detail: text("detail", "link_detail"),
  };
}

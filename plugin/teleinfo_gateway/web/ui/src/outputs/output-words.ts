/** What the outputs say of themselves, in the words of the reader. */

import { html } from "lit";
import { dayAndYear, moment, number, year } from "../words/format";
import { t, type Text } from "../words/language";

export type Value = string | number | boolean;
export type State = Readonly<Record<string, Value>>;

/** Names that are the same in every language. */
const BRANDS = new Map([
  ["mqtt", "MQTT"],
  ["domoticz", "Domoticz"],
  ["jeedom", "Jeedom"],
  ["influxdb", "InfluxDB"],
  ["emoncms", "EmonCMS"],
]);

const NAMES = new Map<string, Text>([
  ["xpl", "outputXpl"],
  ["history", "outputHistory"],
  ["udp", "outputUdp"],
  ["sql", "outputSql"],
  ["files", "outputFiles"],
]);

/** Outputs of which there may be several: the rest of the name is the user's. */
const NAMED: [prefix: string, text: Text][] = [
  ["push-", "outputPush"],
  ["extension-", "outputExtension"],
];

/** An output as it is called; one that a later gateway has is called as it calls itself. */
export function outputName(name: string): string {
  const text = NAMES.get(name);
  if (text) return t(text);
  const named = NAMED.find(([prefix]) => name.startsWith(prefix));
  if (named) return t(named[1], { name: name.slice(named[0].length) });
  return BRANDS.get(name) ?? name;
}

// Maps, not objects: an extension may have a key of any name, `constructor` as well.
const KEYS = new Map<string, Text>([
  ["source", "stateSource"],
  ["interface", "stateInterface"],
  ["broadcast", "stateBroadcast"],
  ["port", "statePort"],
  ["hub", "stateHub"],
  ["to", "stateTo"],
  ["broker", "stateBroker"],
  ["connected", "stateConnected"],
  ["protocol", "stateProtocol"],
  ["connections", "stateConnections"],
  ["control", "stateControl"],
  ["server", "stateServer"],
  ["target", "stateTarget"],
  ["sent", "stateSent"],
  ["rate", "stateRate"],
  ["failed", "stateFailed"],
  ["waiting", "stateWaiting"],
  ["backlog", "stateRowsWaiting"],
  ["refused", "stateRefused"],
  ["too_old", "stateTooOld"],
  ["lost", "stateLost"],
  ["database", "stateDatabase"],
  ["size_mb", "stateSize"],
  ["written", "stateWritten"],
  ["last_commit", "stateLastCommit"],
]);

/** What is counted, where it can be told better. */
const COUNTED = new Map<string, Record<string, Text>>([
  ["xpl", { sent: "stateMessagesSent", lost: "stateTooFast" }],
  ["mqtt", { sent: "stateMessagesSent" }],
  ["udp", { sent: "stateFramesSent" }],
  ["domoticz", { sent: "stateRequestsSent", lost: "stateTooFast" }],
  ["jeedom", { sent: "stateRequestsSent", lost: "stateTooFast" }],
  ["history", { waiting: "stateRowsWaiting" }],
]);

const COUNTED_IN_ROWS: Record<string, Text> = { sent: "stateRowsSent", failed: "stateTries" };

/** Whether an output reads the history, so that what it could not send waits there. */
export const isDurable = (state: State): boolean => "backlog" in state;

/** The word for a key of a state; what only an extension knows is shown as it is. */
export function keyWord(output: string, state: State, key: string): string {
  const counted = isDurable(state) ? COUNTED_IN_ROWS : (COUNTED.get(output) ?? {});
  const text = (Object.hasOwn(counted, key) ? counted[key] : undefined) ?? KEYS.get(key);
  return text ? t(text) : key.replaceAll("_", " ");
}

const HUBS = new Map<Value, Text>([
  ["embedded", "hubEmbedded"],
  ["found", "hubFound"],
  ["none", "hubNone"],
]);

const LONG = 12; // characters: on a phone there is no room for more beside a word

/** The value of a key; what is not a count or a date, such as an address, is shown as it is. */
export function valueWords(key: string, value: Value): unknown {
  const hub = key === "hub" && HUBS.get(value);
  if (hub) return t(hub);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (value === "") return t("notKnown");
  if (typeof value === "number") {
    if (key === "port") return String(value); // a name, not a count: it has no thousands
    if (key === "size_mb") return t("megabytes", { size: value < 1 ? "< 1" : number(value) });
    return number(value, Number.isInteger(value) ? 0 : 2);
  }
  if (key === "protocol") return value;
  return instant(value) ?? html`<code class=${value.length > LONG ? "long" : ""}>${value}</code>`;
}

/** A date and time of the API, with its year if that is another one. */
export function instant(value: Value): string | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT/.test(value)) return undefined;
  const date = new Date(value);
  if (Number.isNaN(date.valueOf())) return undefined;
  return year(date) === year(new Date()) ? moment(date) : dayAndYear(date);
}

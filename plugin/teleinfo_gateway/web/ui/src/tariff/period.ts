/** What the labels of a meter say of its contract: the period of now, colours, peaks, indexes. */

import type { LiveMeter } from "../gateway/live";
import type { Colour } from "../gateway/records";
import { amount, told } from "../tic/electric";

/** A tariff period, as tariff.ts names and colours it. */
export interface Period {
  optarif: string;
  slot: number;
  /** The supplier's own name, where the option is none of the four. */
  name: string;
}

/** A register of the meter. `slot` 0 is the total, -1 what was injected. */
export interface Index extends Period {
  label: string;
  wh: number;
  now: boolean;
}

const OPTIONS: Record<string, { ptec: readonly string[]; indexes: readonly string[] }> = {
  BASE: { ptec: ["TH.."], indexes: ["BASE"] },
  "HC..": { ptec: ["HC..", "HP.."], indexes: ["HCHC", "HCHP"] },
  "EJP.": { ptec: ["HN..", "PM.."], indexes: ["EJPHN", "EJPHPM"] },
  "BBR(": {
    ptec: ["HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"],
    indexes: ["BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"],
  },
};

const COLOURS: Record<string, Colour> = { BLEU: "blue", BLAN: "white", ROUG: "red" };

/** A text of standard mode without the spaces that fill its field. */
export function trimmed(text: string | undefined): string {
  return (text ?? "").trim().replace(/\s+/g, " ");
}

/** The option, `BASE`, `HC..`, `EJP.` or `BBR(`; "" for a supplier's own calendar or none told. */
export function option(meter: LiveMeter): string {
  const told = meter.historique["OPTARIF"] ?? meter.values["OPTARIF"] ?? "";
  const found = Object.keys(OPTIONS).find((one) => told.slice(0, 2) === one.slice(0, 2)) ?? "";
  const calendar = trimmed(meter.values["NGTF"]).toUpperCase();
  return found === "BASE" && calendar && calendar !== "BASE" ? "" : found;
}

export function period(meter: LiveMeter): Period | undefined {
  const optarif = option(meter);
  const slot = (OPTIONS[optarif]?.ptec.indexOf(told(meter, "PTEC") ?? "") ?? -1) + 1;
  if (slot > 0) return { optarif, slot, name: "" };
  const number = amount(meter, "NTARF");
  return number === undefined
    ? undefined
    : { optarif: "", slot: number, name: trimmed(meter.values["LTARF"]) };
}

/** The present colour of a Tempo contract, `undefined` where there is none. */
export function today(meter: LiveMeter): Colour | undefined {
  const now = period(meter);
  if (now?.optarif !== "BBR(") return meter.state.estimate.tempo?.today ?? undefined;
  return (["blue", "white", "red"] as const)[Math.floor((now.slot - 1) / 2)];
}

/** Tomorrow's colour of a Tempo contract, `none` while it is not announced. */
export function tomorrow(meter: LiveMeter): Colour | undefined {
  const told = meter.historique["DEMAIN"] ?? meter.values["DEMAIN"];
  return told === undefined ? undefined : (COLOURS[told] ?? "none");
}

/** A mobile peak. Those of Tempo are its colours and therefore no peaks here. */
export function peak(meter: LiveMeter): { notice: boolean; now: boolean } {
  const optarif = option(meter);
  if (optarif === "BBR(") return { notice: false, now: false };
  const register = parseInt(meter.values["STGE"] ?? "", 16) || 0;
  const now = told(meter, "PTEC") === "PM.." || register >>> 30 > 0;
  return { now, notice: ((register >>> 28) & 3) > 0 || (!now && "PEJP" in meter.historique) };
}

/** The indexes of the contract, then the total and what was injected, where the meter tells them. */
export function indexes(meter: LiveMeter): Index[] {
  const now = period(meter);
  const optarif = option(meter);
  const rows = optarif ? ofOption(meter, optarif) : ofCalendar(meter);
  const totals = [
    { label: "EAST", slot: 0 },
    { label: "EAIT", slot: -1 },
  ].map((one) => ({ ...one, optarif: "", name: "" }));
  return [...rows, ...totals].flatMap(({ read, ...one }: Register) => {
    const wh = amount(meter, read ?? one.label);
    return wh === undefined ? [] : [{ ...one, wh, now: one.slot > 0 && one.slot === now?.slot }];
  });
}

/** Where an index is read, if not from the label that it is shown with. */
type Register = Omit<Index, "wh" | "now"> & { read?: string };

function ofOption(meter: LiveMeter, optarif: string): Register[] {
  const standard = meter.values["EASF01"] !== undefined;
  return (OPTIONS[optarif]?.indexes ?? []).map((read, place) => ({
    label: standard ? register(place + 1) : read,
    ...{ read, optarif, slot: place + 1, name: "" },
  }));
}

/** Of a supplier's own calendar only the present period has a name; the indexes at 0 are not in use. */
function ofCalendar(meter: LiveMeter): Register[] {
  const now = period(meter);
  return Array.from({ length: 10 }, (_, place) => place + 1)
    .filter((slot) => amount(meter, register(slot)) || slot === now?.slot)
    .map((slot) => ({
      label: register(slot),
      ...{ optarif: "", slot, name: slot === now?.slot ? now.name : "" },
    }));
}

function register(slot: number): string {
  return `EASF${String(slot).padStart(2, "0")}`;
}

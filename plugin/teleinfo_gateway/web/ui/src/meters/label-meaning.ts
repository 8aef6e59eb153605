/**
 * The value of a label in plain words: numbers with their unit, codes, registers, day profiles.
 *
 * Source: Enedis-NOI-CPT_54E sections 6.2.2 to 6.2.5 (STGE, RELAIS, profiles); CPT_02E (PPOT).
 */

import { slotName } from "../tariff/tariff";
import { codeMeaning, labels } from "../tic/labels";
import { number } from "../words/format";
import { t, type Text } from "../words/language";

const BREAKER: readonly (Text | "")[] = [
  "",
  "breakerPower",
  "breakerVoltage",
  "breakerShedding",
  "breakerOrder",
  "breakerHeat",
  "breakerHeat",
  "breakerOpen",
];
const COLOURS: readonly (Text | "")[] = ["", "colourBlue", "colourWhite", "colourRed"];
const UNUSUAL: readonly (readonly [number, Text])[] = [
  [4, "stgeCover"],
  [6, "stgeOverVoltage"],
  [7, "stgeOverPower"],
  [9, "stgeInjecting"],
  [16, "stgeClock"],
];

/** The plain words of a value; `optarif` names the slots of its contract. */
export function meaning(name: string, value: string, optarif = ""): string {
  const known = codeMeaning(name, value);
  if (known !== undefined) return known;
  switch (name) {
    case "DATE":
      return t("labelClock");
    case "STGE":
      return status(Number.parseInt(value, 16), optarif);
    case "RELAIS":
      return closed(Number(value));
    case "PPOT":
      return absent(Number.parseInt(value, 16));
    case "NTARF":
      return slotName(optarif, Number(value));
  }
  return byKind(name, value.trim().replace(/\s+/g, " "), optarif);
}

function byKind(name: string, value: string, optarif: string): string {
  const label = labels.value.get(name);
  if (label?.kind === "profile") return profile(value, optarif);
  if (!/^\d+$/.test(value) || label?.kind === "identity" || label?.kind === "text") return value;
  if (label?.kind === "index") return `${number(Number(value) / 1000, 3)} k${label.unit}`;
  if (label?.unit) return `${number(Number(value))} ${label.unit}`;
  return label?.kind === "number" ? String(Number(value)) : value;
}

/** What of the register a person wants to know: the tariff, and what is not as usual. */
function status(word: number, optarif: string): string {
  if (Number.isNaN(word)) return "";
  const bits = (first: number, count = 1): number => (word >>> first) & ((1 << count) - 1);
  const words = [slotName(optarif, bits(10, 4) + 1)];
  const today = COLOURS[bits(24, 2)];
  const tomorrow = COLOURS[bits(26, 2)];
  const breaker = BREAKER[bits(1, 3)];
  if (today) words.push(t("stgeToday", { colour: t(today) }));
  if (tomorrow) words.push(t("stgeTomorrow", { colour: t(tomorrow) }));
  if (breaker) words.push(t(breaker));
  for (const [bit, text] of UNUSUAL) if (bits(bit)) words.push(t(text));
  return words.join(", ");
}

function closed(word: number): string {
  const found = [1, 2, 3, 4, 5, 6, 7, 8].filter((relay) => (word >> (relay - 1)) & 1);
  return found.length ? t("relaysClosed", { relays: found.join(", ") }) : t("relaysOpen");
}

function absent(word: number): string {
  const found = [1, 2, 3].filter((phase) => (word >> phase) & 1);
  return found.length ? t("phasesAbsent", { phases: found.join(", ") }) : t("phasesPresent");
}

/** Blocks `HHMMSSSS`: the last digit is the slot from then on, 0 where it does not change. */
function profile(value: string, optarif: string): string {
  return value
    .split(" ")
    .filter((block) => /^\d{4}[\dA-F]{4}$/.test(block))
    .map((block) => {
      const slot = Number.parseInt(block.slice(7), 16);
      const at = `${block.slice(0, 2)}:${block.slice(2, 4)}`;
      return slot ? `${at} ${slotName(optarif, slot)}` : at;
    })
    .join(" · ");
}

/** Tariff slots: their names and colours. Colours differ in lightness too, for every eye. */

import { t, type Text } from "../words/language";

interface Look {
  text: Text;
  colour: string;
}

const LOOKS: Record<string, readonly Look[]> = {
  BASE: [{ text: "slotBase", colour: "--ti-base" }],
  "HC..": [
    { text: "slotOffPeak", colour: "--ti-off-peak" },
    { text: "slotPeak", colour: "--ti-peak" },
  ],
  "EJP.": [
    { text: "slotNormal", colour: "--ti-off-peak" },
    { text: "slotMobilePeak", colour: "--ti-red-high" },
  ],
  "BBR(": [
    { text: "slotBlueOffPeak", colour: "--ti-blue-low" },
    { text: "slotBluePeak", colour: "--ti-blue-high" },
    { text: "slotWhiteOffPeak", colour: "--ti-white-low" },
    { text: "slotWhitePeak", colour: "--ti-white-high" },
    { text: "slotRedOffPeak", colour: "--ti-red-low" },
    { text: "slotRedPeak", colour: "--ti-red-high" },
  ],
};

/** For calendars of other suppliers, whose slots have names of their own. */
const OTHERS = [
  "--ti-off-peak",
  "--ti-peak",
  "--ti-base",
  "--ti-red-high",
  "--ti-injected",
  "--ti-white-high",
  "--ti-blue-low",
  "--ti-red-low",
  "--ti-white-low",
  "--ti-unknown",
] as const;

/** The token of a slot's colour; slot 0 is energy of unknown slot, -1 is injected. */
export function slotToken(optarif: string, slot: number): string {
  if (slot === -1) return "--ti-injected";
  if (slot < 1) return "--ti-unknown";
  const look = LOOKS[optarif]?.[slot - 1];
  return look?.colour ?? OTHERS[(slot - 1) % OTHERS.length] ?? "--ti-unknown";
}

/** What a slot is called; `name` is the gateway's own word for it. */
export function slotName(optarif: string, slot: number, name = ""): string {
  if (slot === -1) return t("slotInjected");
  if (slot < 1) return t("slotUnknown");
  const look = LOOKS[optarif]?.[slot - 1];
  return look ? t(look.text) : name || `EASF${String(slot).padStart(2, "0")}`;
}

/** Whether a slot is the cheap one of its days; undefined where there is no such thing. */
export function isOffPeak(optarif: string, slot: number, name = ""): boolean | undefined {
  if (slot < 1 || optarif === "BASE") return undefined;
  if (optarif in LOOKS) return slot % 2 === 1;
  return /creu|^HC/i.test(name);
}

const OPTIONS: Record<string, string> = { BASE: "BASE", HC: "HC..", EJP: "EJP.", TEMPO: "BBR(" };

/** The historique option (OPTARIF) of a contract's option, so that both look alike. */
export function optarifOf(option: string): string {
  return OPTIONS[option] ?? option;
}

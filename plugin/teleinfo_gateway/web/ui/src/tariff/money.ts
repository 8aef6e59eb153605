/** Euros as the gateway tells them, decimal text, and as integers that add up exactly. Pure. */

import { euros } from "../words/format";

const DECIMALS = 6;
const MILLION = 10 ** DECIMALS;

/** Decimal text such as "12.345678" as millionths of a euro; exact up to nine billion euros. */
export function millionths(text: string): number {
  const [, sign = "", whole = "0", rest = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  const amount = Number(whole) * MILLION + Number(rest.slice(0, DECIMALS).padEnd(DECIMALS, "0"));
  return sign ? -amount : amount;
}

/** Millionths of a euro in the words of the reader, rounded to the cent. */
export function money(amount: number): string {
  return euros(amount / MILLION);
}

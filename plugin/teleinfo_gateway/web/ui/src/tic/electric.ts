/** What the labels of a meter say of its load: powers and currents against the subscription. */

/** What a meter has told: its own labels, and the historique ones derived from them. */
export interface Told {
  readonly values: Readonly<Record<string, string>>;
  readonly historique: Readonly<Record<string, string>>;
  /** Whether its power comes seldom now: an overloaded three-phase meter sends currents alone. */
  readonly seldomPower: boolean;
}

/** Contracts count so much for each ampere of the subscription, whatever the voltage is. */
const VA_PER_A = 200;

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^(EA|BASE$|HCH|EJPH|BBRH)/, "Wh"],
  [/^ERQ/, "varh"],
  [/^(PAPP$|SINST|SMAX)/, "VA"],
  [/^(IINST|IRMS|IMAX|ISOUSC$|ADPS$|ADIR)/, "A"],
  [/^U(RMS|MOY)/, "V"],
  [/^(CCA|PMAX$)/, "W"],
  [/^P(REF|COUP)$/, "kVA"],
  [/^PEJP$/, "min"],
];

/** A value against what is subscribed for it; the limit is not known of everything. */
export interface Load {
  value: number;
  limit: number | undefined;
  unit: string;
}

/** What is known of one phase; `limit` is the subscribed current. */
export interface Phase {
  number: 1 | 2 | 3;
  amperes: number | undefined;
  volts: number | undefined;
  va: number | undefined;
  limit: number | undefined;
}

/** The unit of a label's family; "" for texts. */
export function unitOf(label: string): string {
  return UNITS.find(([family]) => family.test(label))?.[1] ?? "";
}

/** A label as it was told; in standard mode the historique ones are derived by the gateway. */
export function told(meter: Told, label: string): string | undefined {
  return meter.values[label] ?? meter.historique[label];
}

/** A label as a number, `undefined` where it was not told or is none. */
export function amount(meter: Told, label: string): number | undefined {
  const text = told(meter, label)?.trim();
  return text && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

export function isThreePhase(meter: Told): boolean {
  return told(meter, "IINST2") !== undefined || told(meter, "IRMS2") !== undefined;
}

function phaseCount(meter: Told): 1 | 3 {
  return isThreePhase(meter) ? 3 : 1;
}

/** The subscribed power of all phases together, in VA. */
export function subscribedVa(meter: Told): number | undefined {
  const reference = amount(meter, "PREF");
  if (reference !== undefined) return reference * 1000;
  const current = amount(meter, "ISOUSC");
  return current === undefined ? undefined : current * VA_PER_A * phaseCount(meter);
}

/** The subscribed current of each phase, in A. */
export function subscribedA(meter: Told): number | undefined {
  const va = subscribedVa(meter);
  return amount(meter, "ISOUSC") ?? (va === undefined ? undefined : va / VA_PER_A / phaseCount(meter));
}

export function phases(meter: Told): Phase[] {
  const limit = subscribedA(meter);
  const three = isThreePhase(meter);
  return ([1, 2, 3] as const).slice(0, three ? 3 : 1).map((number) => ({
    number,
    amperes: amount(meter, `IRMS${number}`) ?? amount(meter, three ? `IINST${number}` : "IINST"),
    volts: amount(meter, `URMS${number}`),
    va: three ? amount(meter, `SINSTS${number}`) : (amount(meter, "SINSTS") ?? amount(meter, "PAPP")),
    limit,
  }));
}

/** The subscribed power or current that a label counts against, `undefined` where there is none. */
export function limitOf(meter: Told, label: string): number | undefined {
  const unit = unitOf(label || "PAPP");
  if (unit === "A") return subscribedA(meter);
  const whole = unit === "VA" ? subscribedVa(meter) : undefined;
  const ofOnePhase = /^S(INSTS|MAXSN)[123]/.test(label);
  return whole !== undefined && ofOnePhase ? whole / phaseCount(meter) : whole;
}

/** A sensor against its limit.
 *
 * Without a name it is the power, or the worst current where the meter tells no power, or seldom.
 */
export function load(meter: Told, sensor = ""): Load | undefined {
  const label = sensor.toUpperCase();
  const power = amount(meter, "SINSTS") ?? amount(meter, "PAPP");
  const asked = label && label !== "PAPP" && label !== "SINSTS";
  const value = asked ? amount(meter, label) : power;
  if (asked || (value !== undefined && !meter.seldomPower)) {
    const unit = unitOf(label || "PAPP");
    return value === undefined ? undefined : { value, limit: limitOf(meter, label), unit };
  }
  const currents = phases(meter).flatMap((phase) => phase.amperes ?? []);
  if (!currents.length) return undefined;
  return { value: Math.max(...currents), limit: subscribedA(meter), unit: "A" };
}

/** What a reading shows to be exceeded, as the event `overload` words it: `1,3`, `power`, or "". */
export function exceeded(values: Record<string, string>, historique: Record<string, string>): string {
  const over = [1, 2, 3]
    .filter((phase) => `ADIR${phase}` in historique || (phase === 1 && "ADPS" in historique))
    .map(String);
  const status = values["STGE"];
  if (status !== undefined && (parseInt(status, 16) >> 7) & 1) over.push("power");
  return over.join(",");
}

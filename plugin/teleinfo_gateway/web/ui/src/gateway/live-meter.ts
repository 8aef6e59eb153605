/** What a meter said last, built up from the events of the gateway. */

import { exceeded } from "../tic/electric";
import { Strip, Trace, type Point } from "./heard";
import type { Announced, MeterState, ReadingTold } from "./records";

/** Values of the last minutes are kept so long; the curve of the page shows ten of them. */
const KEPT_S = 900;

/** Three-phase meters in an overload send short frames, and a long one with the power so seldom. */
const LONG_FRAMES_S = 25;

const SHORT_FRAMES = ["ADIR1", "ADIR2", "ADIR3"];

type Values = Record<string, string>;

/** What is exceeded, as the event `overload` words it, and since when if that was heard. */
export interface Overload {
  value: string;
  since: string | null;
}

export class LiveMeter {
  values: Values = {};
  historique: Values = {};
  overload: Overload | null = null;
  /** The last events `overload`, `tariff`, `tomorrow` and `peak`, as far as they were heard. */
  announced: Partial<Record<string, Announced>> = {};
  readonly strip: Strip;
  #trace = new Trace(KEPT_S);
  #afterShort = false;
  #heard = false; // since the stream was opened
  #short = -Infinity; // when the last short frame came

  constructor(
    public state: MeterState,
    now: number,
  ) {
    this.strip = new Strip(now);
  }

  /** Apparent power drawn, of the last minutes. */
  get points(): readonly Point[] {
    return this.#trace.points;
  }

  /** Whether currents are told often now, and the power is older than they are. */
  get seldomPower(): boolean {
    return Date.parse(this.state.last_received ?? "") / 1000 - this.#short < LONG_FRAMES_S;
  }

  /** A new state as a whole. What happened between two streams is not known: it is told anew. */
  takeState(state: MeterState, now: number): void {
    const refused = sum(state.refused) - sum(this.state.refused);
    if (refused > 0) this.strip.add(now, 0, refused);
    // A gateway that was started again does not know yet whom it will hear.
    const { adco, last_received } = this.state;
    if (adco && state.adco && state.adco !== adco) this.#forget();
    this.state = { ...state, adco: state.adco ?? adco, last_received: state.last_received ?? last_received };
    if (state.link !== "ok") this.overload = null;
  }

  /** What was announced before is not known to hold after the stream was interrupted. */
  reopen(): void {
    this.overload = null;
    this.announced = {};
    this.#heard = false;
  }

  takeReading(reading: ReadingTold): void {
    if (this.state.adco && reading.adco !== this.state.adco) this.#forget();
    const { adco, mode, time } = reading;
    this.state = { ...this.state, adco, mode, last_received: time };
    this.#takeValues(reading);
    const seconds = Date.parse(time) / 1000;
    if (reading.kind === "short") this.#short = seconds;
    const power = reading.values["SINSTS"] ?? reading.values["PAPP"];
    this.#trace.hear(seconds, power === undefined ? undefined : Number(power));
    this.strip.add(seconds, 1, 0);
    const value = exceeded(reading.values, reading.historique);
    if (value) this.overload = { value, since: this.#since(time) };
    this.#heard = true;
  }

  /** An event right after the reading that told it; it alone ends an overload. */
  takeAnnounced(kind: string, told: Announced): void {
    this.announced = { ...this.announced, [kind]: told };
    if (kind !== "overload") return;
    const { value, time } = told;
    this.overload = value === "none" ? null : { value, since: this.#since(time) };
  }

  /** When the overload of this instant began; one that the first frame found is older than that. */
  #since(time: string): string | null {
    if (this.overload) return this.overload.since;
    return this.#heard ? time : null;
  }

  /** Whole frames replace everything, others add to it; a short one ends the overloads it lacks.
   *
   * Long frames come between the short ones as long as an overload lasts, so that a single one does
   * not end ADIRn (Enedis-NOI-CPT_02E section 5.3).
   */
  #takeValues(reading: ReadingTold): void {
    const { kind, complete } = reading;
    const merged = (before: Values, told: Values): Values => {
      if (!complete || (kind !== "long" && kind !== "short")) return { ...before, ...told };
      const over = new Set(SHORT_FRAMES);
      const kept = Object.entries(before).filter(([label]) =>
        kind === "short" ? !over.has(label) : over.has(label) && this.#afterShort,
      );
      return { ...Object.fromEntries(kept), ...told };
    };
    this.values = merged(this.values, reading.values);
    this.historique = merged(this.historique, reading.historique);
    this.#afterShort = kind === "short";
  }

  #forget(): void {
    this.values = {};
    this.historique = {};
    this.reopen();
    this.#trace = new Trace(KEPT_S);
  }
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((one, other) => one + other, 0);
}

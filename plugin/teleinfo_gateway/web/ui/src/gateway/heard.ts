/** What was heard of a line, in time: its values as a trace, its frames as a strip. */

/** Without a frame for so long a line is silent (Enedis, receiver annex): a gap. */
export const SILENT_S = 10;

/** One value at an instant (unix seconds). */
export interface Point {
  time: number;
  value: number;
  /** Whether nothing at all was heard for a while before it. */
  gap: boolean;
}

/** The values of the last `kept_s` seconds. */
export class Trace {
  points: readonly Point[] = [];
  #heard = -Infinity;
  #gap = false;

  constructor(readonly kept_s: number) {}

  /** A frame at an instant; not every frame has the value. */
  hear(time: number, value: number | undefined): void {
    this.#gap ||= time - this.#heard > SILENT_S;
    this.#heard = time;
    if (value === undefined) return;
    const kept = this.points.filter((one) => one.time > time - this.kept_s && one.time < time);
    this.points = [...kept, { time, value, gap: this.#gap }];
    this.#gap = false;
  }
}

/** Seconds that one part of the strip stands for, and how many parts are kept: ten minutes. */
export const PART_S = 10;
export const PARTS = 60;

/** What came in one part: sound frames, and groups that were refused. */
export interface Part {
  frames: number;
  refused: number;
}

/** Frames and faults of the last minutes in parts of PART_S; before `since` nobody listened. */
export class Strip {
  readonly #parts = new Map<number, Part>();

  constructor(readonly since: number) {}

  add(time: number, frames: number, refused: number): void {
    const number = Math.floor(time / PART_S);
    const before = this.#parts.get(number) ?? { frames: 0, refused: 0 };
    this.#parts.set(number, { frames: before.frames + frames, refused: before.refused + refused });
    for (const old of this.#parts.keys()) if (old < number - PARTS) this.#parts.delete(old);
  }

  /** The whole parts before an instant, oldest first; `undefined` where nobody listened. */
  parts(now: number): (Part | undefined)[] {
    const end = Math.floor(now / PART_S);
    return Array.from({ length: PARTS }, (_, place) => {
      const number = end - PARTS + place;
      if (number * PART_S < this.since) return undefined;
      return this.#parts.get(number) ?? { frames: 0, refused: 0 };
    });
  }
}

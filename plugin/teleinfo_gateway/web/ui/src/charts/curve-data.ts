/** What a live curve draws: what this page heard, and before that what the history kept. Pure. */

import { SILENT_S, type Point } from "../gateway/heard";
import type { CurveTold, Series } from "../gateway/records";

export interface Curve {
  time: number[];
  /** `null` is a gap. */
  value: (number | null)[];
}

/** The history keeps long frames only: those of a three-phase meter in an overload are so far apart. */
const LONG_FRAMES_S = 25;

/** The columns of the history, by label. */
const COLUMNS: Record<string, string> = {
  "": "papp",
  PAPP: "papp",
  SINSTS: "papp",
  SINSTI: "pinj",
  IINST: "i1",
  ...Object.fromEntries(
    [1, 2, 3].flatMap((phase) => [
      [`IINST${phase}`, `i${phase}`],
      [`IRMS${phase}`, `i${phase}`],
      [`URMS${phase}`, `u${phase}`],
      [`SINSTS${phase}`, `papp${phase}`],
    ]),
  ),
};

/** The name of a label in the history, `undefined` where it has none that suits a curve. */
export function columnOf(label: string): string | undefined {
  return COLUMNS[label];
}

/** A point that may follow a gap; those of the history are `interval` seconds apart. */
type Drawn = Point & { past: boolean };

/** Both as one curve; what was heard counts, and the history fills what the page did not hear. */
export function curve(
  past: Series | null,
  heard: readonly Point[],
  interval: number,
  from: number,
  to: number,
): Curve {
  const kept = past ? pointsOf(past, Object.values(past.values)[0]) : [];
  const apart = Math.max(LONG_FRAMES_S, 2 * Math.max(interval, past?.step_s ?? 0, usualStep(kept)));
  const points: Drawn[] = [];
  let before = -Infinity;
  for (const point of heard) {
    if (point.gap) points.push(...kept.filter((one) => one.time > before + 1 && one.time < point.time - 1));
    points.push({ ...point, past: false });
    before = point.time;
  }
  points.push(...kept.filter((one) => one.time > before + SILENT_S));
  const found: Curve = { time: [], value: [] };
  points.forEach((point, place) => {
    if (point.time < from || point.time > to) return;
    const last = points[place - 1];
    if (last && isGap(last, point, apart)) {
      found.time.push((last.time + point.time) / 2);
      found.value.push(null);
    }
    found.time.push(point.time);
    found.value.push(point.value);
  });
  return found;
}

/** The history keeps a reading a minute, however often they are sent. */
function usualStep(kept: readonly Point[]): number {
  const steps = kept.slice(1).map((one, place) => one.time - (kept[place]?.time ?? one.time));
  return steps.sort((one, other) => one - other)[steps.length >> 1] ?? 0;
}

function isGap(last: Drawn, point: Drawn, apart: number): boolean {
  if (!point.past && !last.past) return point.gap;
  // What the page did not hear before its first frames is no gap of the line.
  return (point.past && point.gap) || point.time - last.time > apart;
}

function pointsOf(past: Series, told: CurveTold | undefined): Drawn[] {
  let gap = false;
  return past.time.flatMap((time, place) => {
    const value = told?.value[place] ?? null;
    const point = value === null ? [] : [{ time, value, gap, past: true }];
    gap = value === null;
    return point;
  });
}

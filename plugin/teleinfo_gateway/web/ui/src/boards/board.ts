/** What a dashboard is, as the server keeps it, and the one that is proposed when there is none. */

import type { LiveMeter } from "../gateway/live";
import type { Board, Widget } from "../gateway/records";
import { isThreePhase } from "../tic/electric";
import { t } from "../words/language";

export const COLUMNS = 12;
/** Of the grid where each widget has a place of its own. */
export const ROW_PX = 56;
export const GAP_PX = 12;

export const BOARDS_MOST = 20;
export const WIDGETS_MOST = 50;
export const ROWS_MOST = 24; // of one widget: more is taller than two screens
export const NAME_MOST = 40;

/** A place on the grid: column and row of the upper left corner, columns and rows covered. */
export type Place = Pick<Widget, "x" | "y" | "w" | "h">;

/** A new name for a board or a widget (randomUUID is not there without TLS). */
export function makeId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A first board: for each meter its gauge, its curve, its state and its energy. */
export function proposal(meters: Iterable<LiveMeter>): Board {
  const widgets: Widget[] = [];
  let top = 0;
  for (const meter of meters) {
    const { state } = meter;
    const add = (kind: string, place: Place, sensor: string | null = null): void => {
      const y = top + place.y;
      widgets.push({ id: makeId(), kind, meter: state.name, sensor, options: {}, ...place, y });
    };
    const tall = isThreePhase(meter) ? 7 : 5; // a bar for each phase
    add("gauge", { x: 0, y: 0, w: 4, h: tall });
    add("curve", { x: 4, y: 0, w: 8, h: tall }, "papp");
    add("bars", { x: 0, y: tall, w: 6, h: 7 });
    add(state.estimate.tempo ? "tempo" : "status", { x: 6, y: tall, w: 6, h: 7 });
    top += tall + 7;
    if (widgets.length > WIDGETS_MOST - 4) break;
  }
  return { id: makeId(), name: t("boardFirst"), widgets };
}

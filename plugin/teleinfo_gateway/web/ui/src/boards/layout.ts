/**
 * Where the widgets of a board are. Pure.
 *
 * Widgets fall upwards until they touch another one, so that none covers another and no row is
 * empty; what moves takes its place among them, and the others make room.
 */

import type { Widget } from "../gateway/records";
import { COLUMNS, ROWS_MOST, type Place } from "./board";

type Widgets = readonly Widget[];

/** In the order in which they are read: by rows, each from the left. */
export function inOrder(widgets: Widgets): Widget[] {
  return [...widgets].sort((one, other) => one.y - other.y || one.x - other.x);
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value), least), most);
}

/** A place that is on the grid. */
export function fitted<T extends Place>(place: T): T {
  const w = within(place.w, 1, COLUMNS);
  const x = within(place.x, 0, COLUMNS - w);
  return { ...place, w, x, h: within(place.h, 1, ROWS_MOST), y: Math.max(0, Math.round(place.y)) };
}

/** Let the widgets fall upwards, one by one in the order of `rank`. */
function settle(widgets: Widgets, rank: (widget: Widget) => number): Widget[] {
  const heights = new Array<number>(COLUMNS).fill(0);
  return [...widgets]
    .sort((one, other) => rank(one) - rank(other) || one.x - other.x)
    .map((widget) => {
      const y = Math.max(...heights.slice(widget.x, widget.x + widget.w));
      heights.fill(y + widget.h, widget.x, widget.x + widget.w);
      return { ...widget, y };
    });
}

const middle = (widget: Place): number => widget.y + widget.h / 2;

/** The widgets without overlap and holes, such as a board written by another program may have. */
export function tidied(widgets: Widgets): Widget[] {
  return settle(widgets.map(fitted), (widget) => widget.y);
}

/**
 * One widget at another place or of another size. It passes another one when its leading edge
 * passes the middle of that.
 */
export function placed(widgets: Widgets, id: string, changes: Partial<Place>): Widget[] {
  const before = widgets.find((widget) => widget.id === id);
  if (!before) return [...widgets];
  const now = fitted({ ...before, ...changes });
  const edge = now.y > before.y ? now.y + now.h : now.y;
  return settle(
    widgets.map((widget) => (widget.id === id ? now : widget)),
    (widget) => (widget.id === id ? edge : middle(widget)),
  );
}

/** One widget a step aside, or past the next one above (-1) or below (1). */
export function nudged(widgets: Widgets, id: string, columns: number, rows: number): Widget[] {
  const widget = widgets.find((one) => one.id === id);
  if (!widget) return [...widgets];
  if (columns) return placed(widgets, id, { x: widget.x + columns });
  const lowest = Math.max(...widgets.map((one) => one.y + one.h));
  for (let y = widget.y + rows; y >= 0 && y <= lowest; y += rows) {
    const found = placed(widgets, id, { y });
    if (found.find((one) => one.id === id)?.y !== widget.y) return found;
  }
  return [...widgets];
}

/** One widget exchanges its place with the one read before (-1) or after (1): for one column. */
export function exchanged(widgets: Widgets, id: string, step: -1 | 1): Widget[] {
  const order = inOrder(widgets);
  const index = order.findIndex((widget) => widget.id === id) + Math.min(step, 0);
  const [first, second] = [order[index], order[index + 1]];
  if (!first || !second) return [...widgets];
  const beside = first.y === second.y;
  const shifted = { ...first, x: beside ? second.x + second.w - first.w : second.x };
  order.splice(index, 2, fitted({ ...second, x: first.x }), fitted(shifted));
  const ranks = new Map(order.map((widget, rank) => [widget.id, rank]));
  return settle(order, (widget) => ranks.get(widget.id) ?? 0);
}

/** The widgets and a new one below them. */
export function added(widgets: Widgets, widget: Widget): Widget[] {
  const lowest = Math.max(0, ...widgets.map((one) => one.y + one.h));
  return tidied([...widgets, { ...widget, y: lowest }]);
}

/** Zooming and panning a chart of instants by mouse, wheel, touch and keys. */

import type uPlot from "uplot";

/** From when to when, in unix seconds. */
export type Stretch = readonly [from: number, to: number];

const LEAST_S = 300;
const ZOOM = 1.6;
const STEP = 0.25; // of what is shown

/** A view that lies inside the whole and is not too narrow; null is all of it. */
export function inside([from, to]: Stretch, [first, last]: Stretch): Stretch | null {
  const span = Math.max(to - from, LEAST_S);
  if (span >= last - first) return null;
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - span / 2, first), last - span);
  return [start, start + span];
}

/** A view so much narrower (or, below 1, wider) around an instant, by default its middle. */
export function zoomed([from, to]: Stretch, by: number, around = (from + to) / 2): Stretch {
  return [around - (around - from) / by, around + (to - around) / by];
}

/** A view moved by a part of what it shows. */
export function moved([from, to]: Stretch, part: number): Stretch {
  return [from + (to - from) * part, to + (to - from) * part];
}

/** What a key does to a view: "all", another view, or nothing. */
export function keyed(key: string, shift: boolean, view: Stretch): Stretch | "all" | null {
  if (key === "+" || key === "=") return zoomed(view, ZOOM);
  if (key === "-") return zoomed(view, 1 / ZOOM);
  if (key === "0") return "all";
  if (shift && key === "ArrowLeft") return moved(view, -STEP);
  if (shift && key === "ArrowRight") return moved(view, STEP);
  return null;
}

export const zoomedIn = (view: Stretch): Stretch => zoomed(view, ZOOM);
export const zoomedOut = (view: Stretch): Stretch => zoomed(view, 1 / ZOOM);
export const movedBack = (view: Stretch): Stretch => moved(view, -STEP);
export const movedOn = (view: Stretch): Stretch => moved(view, STEP);

/** What the hands need of their chart. */
export interface Held {
  view: () => Stretch;
  whole: () => Stretch;
  look: (view: Stretch | null) => void;
}

/** Cursor options of a chart that is zoomed by dragging and panned by dragging with Shift. */
export function handsOf(held: Held): uPlot.Cursor {
  return {
    y: false,
    drag: { x: true, y: false, setScale: false, dist: 8 },
    bind: {
      mousedown: (plot, _target, handle) => (event) => {
        if (!event.shiftKey) return handle(event);
        dragged(plot, event, held);
        return null;
      },
      dblclick: () => () => {
        held.look(null);
        return null;
      },
    },
  };
}

function dragged(plot: uPlot, event: MouseEvent, held: Held): void {
  const [from, to] = held.view();
  const x = event.clientX;
  const perPixel = (to - from) / plot.over.clientWidth;
  const move = (now: MouseEvent): void => {
    const by = (x - now.clientX) * perPixel;
    held.look(inside([from + by, to + by], held.whole()));
  };
  const end = (): void => {
    removeEventListener("mousemove", move);
    removeEventListener("mouseup", end);
  };
  addEventListener("mousemove", move);
  addEventListener("mouseup", end);
}

/** What was marked by dragging becomes the view. */
export function takeSelection(plot: uPlot, held: Held): void {
  const { left, width } = plot.select;
  if (width < 8) return;
  const view: Stretch = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  held.look(inside(view, held.whole()));
}

/** Pan by the wheel where the chart is zoomed; with Ctrl, or two fingers, zoom. */
export function addWheelAndTouch(plot: uPlot, held: Held): void {
  const { over } = plot;
  over.addEventListener("wheel", (event) => wheeled(plot, event, held), { passive: false });
  const fingers = new Map<number, number>();
  let began: { view: Stretch; a: number; b: number } | null = null;
  const place = (event: PointerEvent): number => event.clientX - over.getBoundingClientRect().left;
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") return;
    fingers.set(event.pointerId, place(event));
    const [a, b] = [...fingers.values()];
    if (a !== undefined && b !== undefined) began = { view: held.view(), a, b };
  });
  over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, place(event));
    const [a, b] = [...fingers.values()];
    if (began && a !== undefined && b !== undefined) {
      held.look(inside(pinched(began, a, b, over.clientWidth), held.whole()));
    } else if (a !== undefined) plot.setCursor({ left: a, top: 0 });
  });
  const lift = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    began = null;
  };
  for (const name of ["pointerup", "pointercancel", "pointerleave"] as const) {
    over.addEventListener(name, lift);
  }
}

function wheeled(plot: uPlot, event: WheelEvent, held: Held): void {
  const view = held.view();
  const [first, last] = held.whole();
  if (event.ctrlKey) {
    event.preventDefault();
    const around = plot.posToVal(event.offsetX, "x");
    held.look(inside(zoomed(view, event.deltaY < 0 ? ZOOM : 1 / ZOOM, around), [first, last]));
    return;
  }
  const by = (event.deltaX || event.deltaY) / plot.over.clientWidth;
  const atEdge = by < 0 ? view[0] <= first : view[1] >= last;
  if (atEdge) return; // the page scrolls on
  event.preventDefault();
  held.look(inside(moved(view, by), [first, last]));
}

/** The view in which the two instants under the fingers stay under them. */
function pinched(
  { view: [from, to], a, b }: { view: Stretch; a: number; b: number },
  nowA: number,
  nowB: number,
  width: number,
): Stretch {
  const instant = (x: number): number => from + ((to - from) * x) / width;
  const perPixel = (instant(b) - instant(a)) / (nowB - nowA || 1);
  if (perPixel <= 0) return [from, to];
  const start = instant(a) - nowA * perPixel;
  return [start, start + width * perPixel];
}

/** Bars on a canvas: stacks, what they are compared with, outages, axes. */

import { token } from "../look/tokens";
import { euros, number } from "../words/format";
import { PER, scaleOf, type Bar, type BarData, type Scale } from "./bar-data";
import { hatch } from "./hatch";

const TOP = 12;
const BOTTOM = 26;
const GAP = 6; // between the numbers of the axis and the bars

/** Where things are on the canvas, in CSS pixels. */
export interface Layout {
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** The width of a bar and the room around it. */
  wide: number;
  y: (value: number) => number;
  scale: Scale;
}

/** Draw a chart that fills the canvas, with one bar marked; says where everything is. */
export function drawBars(canvas: HTMLCanvasElement, data: BarData, marked: number | null): Layout {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.scale(ratio, ratio);
  context.font = `12px ${token("--ti-font")}`;
  const ticks = ticksOf(data);
  const left = Math.ceil(Math.max(...ticks.map((one) => context.measureText(one.text).width))) + GAP;
  const scale = scaleOf(data);
  const bottom = height - BOTTOM;
  const layout: Layout = {
    left,
    right: width,
    top: TOP,
    bottom,
    wide: (width - left) / Math.max(data.bars.length, 1),
    y: (value) => bottom - ((value - scale.low) / (scale.high - scale.low)) * (bottom - TOP),
    scale,
  };
  const drawing = new Drawing(context, data, layout);
  drawing.grid(ticks);
  drawing.mark(marked);
  drawing.ghosts();
  drawing.stacks();
  drawing.names();
  return layout;
}

interface Tick {
  value: number;
  text: string;
}

function ticksOf(data: BarData): Tick[] {
  const { low, high, step } = scaleOf(data);
  const per = PER[data.unit];
  const decimals = Math.max(0, -Math.floor(Math.log10(step / per)));
  const text = (value: number): string =>
    data.unit === "energy" ? `${number(value, decimals)} kWh` : euros(value, decimals && 2);
  const count = Math.round((high - low) / step);
  return Array.from({ length: count + 1 }, (_, index) => {
    const value = low + index * step;
    return { value, text: text(value / per) };
  });
}

class Drawing {
  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly data: BarData,
    readonly layout: Layout,
  ) {}

  grid(ticks: readonly Tick[]): void {
    const { context, layout } = this;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { value, text } of ticks) {
      const y = Math.round(layout.y(value)) + 0.5;
      context.strokeStyle = token(value === 0 ? "--ti-ink-soft" : "--ti-line");
      context.beginPath();
      context.moveTo(layout.left, y);
      context.lineTo(layout.right, y);
      context.stroke();
      context.fillStyle = token("--ti-ink-soft");
      context.fillText(text, layout.left - GAP, y);
    }
  }

  mark(index: number | null): void {
    if (index === null) return;
    const { context, layout } = this;
    context.fillStyle = token("--ti-sunken");
    const wide = Math.max(layout.wide, 2);
    context.fillRect(this.#x(index), layout.top, wide, layout.bottom - layout.top);
  }

  /** What is compared with: a quiet step behind the bars, its upper edge drawn out. */
  ghosts(): void {
    const { context, layout } = this;
    const edge = new Path2D();
    let before: number | null = null;
    context.fillStyle = token("--ti-line");
    context.globalAlpha = 0.7;
    this.data.bars.forEach(({ ghost }, index) => {
      if (ghost !== null) {
        const x = this.#x(index);
        const y = layout.y(ghost);
        context.fillRect(x, y, layout.wide, layout.y(0) - y);
        edge[before === null ? "moveTo" : "lineTo"](x, y);
        edge.lineTo(x + layout.wide, y);
      }
      before = ghost;
    });
    context.globalAlpha = 1;
    context.strokeStyle = token("--ti-ink-soft");
    context.stroke(edge);
  }

  stacks(): void {
    const { context, layout } = this;
    const space = layout.wide > 8 ? layout.wide * 0.18 : layout.wide > 3 ? 0.5 : 0;
    const wide = Math.max(Math.min(layout.wide - 2 * space, 72), 1);
    const colours = this.data.series.map(({ colour }) => token(colour));
    const soft = token("--ti-ink-soft");
    this.data.bars.forEach((bar, index) => {
      const x = this.#x(index) + (layout.wide - wide) / 2;
      let up = 0;
      let down = 0;
      bar.parts.forEach((part, series) => {
        if (!part) return;
        const from = part > 0 ? up : down;
        context.fillStyle = colours[series] ?? soft;
        const y = layout.y(Math.max(from, from + part));
        context.fillRect(x, y, wide, Math.abs(layout.y(from) - layout.y(from + part)));
        if (part > 0) up += part;
        else down += part;
      });
      if (bar.outage) up += this.#outage(bar.outage, x, wide, up);
      this.#outline(bar, x, wide, up, down);
    });
  }

  #outage(wh: number, x: number, wide: number, from: number): number {
    const { context, layout } = this;
    const y = layout.y(from + wh);
    context.strokeStyle = token("--ti-ink-soft");
    hatch(context, [x, y, wide, layout.y(from) - y]);
    return wh;
  }

  /** Pale slots need an edge; what was not wholly heard a ring, what was not at all a dash. */
  #outline(bar: Bar, x: number, wide: number, up: number, down: number): void {
    const { context, layout } = this;
    const middle = x + wide / 2;
    context.strokeStyle = token("--ti-ink-soft");
    if (wide >= 5 && up - down > 0) {
      context.globalAlpha = 0.45;
      context.strokeRect(x + 0.5, layout.y(up), wide - 1, layout.y(down) - layout.y(up));
      context.globalAlpha = 1;
    }
    if (bar.total === null) context.strokeRect(middle - wide / 4, layout.y(0) - 3, wide / 2, 0);
    if (bar.total === null || !bar.partial) return;
    context.beginPath();
    context.arc(middle, layout.y(up) - 6, Math.min(3, Math.max(wide / 2, 1.5)), 0, 2 * Math.PI);
    context.stroke();
  }

  names(): void {
    const { context, layout } = this;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillStyle = token("--ti-ink-soft");
    let free = -Infinity;
    this.data.bars.forEach(({ axis }, index) => {
      if (!axis) return;
      const half = context.measureText(axis).width / 2;
      const middle = Math.min(
        Math.max(this.#x(index) + layout.wide / 2, half),
        layout.right - half,
      );
      if (middle - half < free) return;
      context.fillText(axis, middle, layout.bottom + 17);
      free = middle + half + 10;
    });
  }

  #x(bars: number): number {
    return this.layout.left + bars * this.layout.wide;
  }
}

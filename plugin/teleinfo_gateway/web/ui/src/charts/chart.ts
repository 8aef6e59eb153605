/** One uPlot chart in the page's own look, in French legal time, as wide as its place. */

import uPlot from "uplot";
import uPlotStyle from "uplot/dist/uPlot.min.css?inline";
import { css, unsafeCSS, type CSSResult } from "lit";
import { token } from "../look/tokens";
import { ZONE, day as dayText, dayOfMonth, month, number, time } from "../words/format";
import { wall } from "../words/legal-time";

/** The style that a shadow root with a chart in it needs. */
export const chartStyle: CSSResult = css`
  ${unsafeCSS(uPlotStyle)}
  .u-legend { display: none; }
  .u-select { background: color-mix(in srgb, var(--ti-accent) 18%, transparent); }
  .u-cursor-x { border-right: 1px solid var(--ti-ink-soft); }
`;

export interface ChartData {
  /** Unix seconds. */
  time: readonly number[];
  /** A value that is undefined is no point at all; null is a gap. */
  series: readonly (readonly (number | null | undefined)[])[];
}

const DAY_S = 86_400;
const LEAST_WIDTH = 200;
const NARROW = 480;

/** An axis of instants in French legal time and the reader's language; midnights have their day. */
export function timeAxis(): uPlot.Axis {
  return {
    ...axis(),
    space: 56,
    size: 38,
    gap: 10, // the lowest number of the other axis ends there
    values: (chart, splits, _index, _space, step) =>
      splits.map((one) => {
        if (one === chart.scales["x"]?.max) return ""; // it would be cut
        if (step >= 28 * DAY_S) return month(one);
        if (step < DAY_S && wall(one) % DAY_S !== 0) return time(one);
        return chart.width < NARROW ? dayOfMonth(one) : dayText(one);
      }),
  };
}

/** An axis of numbers with a unit. */
export function valueAxis(unit: string, size = 64): uPlot.Axis {
  return {
    ...axis(),
    size,
    values: (_chart, splits, _index, _space, step) => {
      const decimals = Math.max(0, -Math.floor(Math.log10(step)));
      return splits.map((one) => `${number(one, decimals)} ${unit}`);
    },
  };
}

function axis(): uPlot.Axis {
  return {
    stroke: token("--ti-ink-soft"),
    font: `12px ${token("--ti-font")}`,
    grid: { stroke: token("--ti-line"), width: 1 },
    ticks: { show: false },
  };
}

/** Make a chart inside `place` and keep it as wide as that; gives the functions to use it. */
export function makeChart(
  place: HTMLElement,
  options: Omit<uPlot.Options, "width">,
  data: ChartData,
): { plot: uPlot; end: () => void } {
  const width = (): number => Math.max(place.clientWidth, LEAST_WIDTH);
  const plot = new uPlot(
    {
      tzDate: (instant) => uPlot.tzDate(new Date(instant * 1000), ZONE),
      ...options,
      width: width(),
      cursor: { drag: { x: true, y: false, setScale: true }, ...options.cursor },
    },
    aligned(data),
    place,
  );
  const observer = new ResizeObserver(() => {
    if (width() !== plot.width) plot.setSize({ width: width(), height: options.height });
  });
  observer.observe(place);
  return {
    plot,
    end: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function aligned({ time, series }: ChartData): uPlot.AlignedData {
  return [[...time], ...series.map((one) => [...one])];
}

/** The widgets that a board can hold, and what can be chosen for each. */

import { html, type TemplateResult } from "lit";
import type { Widget } from "../gateway/records";
import { t, type Text } from "../words/language";
import { GAP_PX, ROW_PX } from "./board";

/** One option of a kind: its values, the first of which holds while nothing is chosen. */
export interface Choice {
  name: string;
  text: Text;
  values: readonly { value: string; text: () => string }[];
}

interface Kind {
  text: Text;
  /** Columns and rows of a new one. */
  w: number;
  h: number;
  /** Which labels of the meter it can show; none if it shows what is fixed. */
  sensors: "none" | "numbers" | "all";
  choices: readonly Choice[];
  draw: (widget: Widget) => TemplateResult;
}

/** The value of an option; what is not among its values counts as not chosen. */
export function option(widget: Widget, choice: Choice): string {
  const value = widget.options[choice.name];
  const found = choice.values.find((one) => one.value === value) ?? choice.values[0];
  return found?.value ?? "";
}

const minutes = (value: string) => ({ value, text: () => t("optionMinutes", { minutes: value }) });
const word = (value: string, text: Text) => ({ value, text: () => t(text) });

const CURVE_MINUTES: Choice = {
  name: "minutes",
  text: "optionSpan",
  values: [minutes("10"), minutes("5"), minutes("15")],
};

const BARS_GRAIN: Choice = {
  name: "grain",
  text: "optionGrain",
  values: [
    word("day", "grainDay"),
    word("hour", "grainHour"),
    word("week", "grainWeek"),
    word("month", "grainMonth"),
    word("year", "grainYear"),
  ],
};

const BARS_LAST: Choice = {
  name: "last",
  text: "optionLast",
  values: [word("", "optionUsual"), ...["7", "12", "14", "31"].map((value) => ({ value, text: () => value }))],
};

const BARS_UNIT: Choice = {
  name: "unit",
  text: "optionUnit",
  values: [word("kwh", "unitEnergy"), word("euro", "unitMoney")],
};

/** The height of a tile: its rows and the gaps between them, as the grid has them. */
const heightPx = (widget: Widget): number => widget.h * (ROW_PX + GAP_PX) - GAP_PX;

const AROUND_CURVE_PX = 124; // heading, note and padding: the rest is for the drawing

export const KINDS: Readonly<Record<string, Kind>> = {
  gauge: {
    text: "kindGauge",
    w: 4,
    h: 5,
    sensors: "numbers",
    choices: [],
    draw: (widget) => html`<ti-gauge meter=${widget.meter ?? ""} sensor=${widget.sensor ?? ""}></ti-gauge>`,
  },
  value: {
    text: "kindValue",
    w: 3,
    h: 3,
    sensors: "all",
    choices: [],
    draw: (widget) => html`<ti-value meter=${widget.meter ?? ""} sensor=${widget.sensor ?? ""}></ti-value>`,
  },
  curve: {
    text: "kindCurve",
    w: 8,
    h: 5,
    sensors: "numbers",
    choices: [CURVE_MINUTES],
    draw: (widget) => html`<ti-curve
      meter=${widget.meter ?? ""}
      sensor=${widget.sensor ?? ""}
      minutes=${option(widget, CURVE_MINUTES)}
      height=${Math.max(120, heightPx(widget) - AROUND_CURVE_PX)}
    ></ti-curve>`,
  },
  bars: {
    text: "kindBars",
    w: 6,
    h: 6,
    sensors: "none",
    choices: [BARS_GRAIN, BARS_LAST, BARS_UNIT],
    draw: (widget) => html`<ti-bars
      meter=${widget.meter ?? ""}
      grain=${option(widget, BARS_GRAIN)}
      last=${option(widget, BARS_LAST)}
      unit=${option(widget, BARS_UNIT)}
    ></ti-bars>`,
  },
  tempo: {
    text: "kindTempo",
    w: 6,
    h: 7,
    sensors: "none",
    choices: [],
    draw: (widget) => html`<ti-tempo meter=${widget.meter ?? ""}></ti-tempo>`,
  },
  period: {
    text: "kindPeriod",
    w: 4,
    h: 5,
    sensors: "none",
    choices: [],
    draw: (widget) => html`<ti-period meter=${widget.meter ?? ""}></ti-period>`,
  },
  phases: {
    text: "kindPhases",
    w: 6,
    h: 5,
    sensors: "none",
    choices: [],
    draw: (widget) => html`<ti-phases meter=${widget.meter ?? ""}></ti-phases>`,
  },
  indexes: {
    text: "kindIndexes",
    w: 4,
    h: 6,
    sensors: "none",
    choices: [],
    draw: (widget) => html`<ti-indexes meter=${widget.meter ?? ""}></ti-indexes>`,
  },
  status: {
    text: "kindStatus",
    w: 4,
    h: 6,
    sensors: "none",
    choices: [],
    draw: (widget) => html`<ti-status meter=${widget.meter ?? ""}></ti-status>`,
  },
};

/** What a widget is called on its board: its kind, its meter and its sensor. */
export function title(widget: Widget): string {
  const kind = KINDS[widget.kind];
  const name = kind ? t(kind.text) : t("kindUnknown", { kind: widget.kind });
  const sensor = kind && kind.sensors !== "none" ? widget.sensor?.toUpperCase() : "";
  return [name, widget.meter, sensor].filter(Boolean).join(" · ");
}

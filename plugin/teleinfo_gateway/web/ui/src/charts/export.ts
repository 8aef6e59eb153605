/** What the reader takes along: charts as pictures, figures as CSV. */

/** Have the reader's browser save a text or a picture. */
export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Rows as CSV: a header, then ISO instants and plain numbers. */
export function csv(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): Blob {
  const quoted = (one: string | number | null): string =>
    one === null ? "" : typeof one === "number" ? String(one) : `"${one.replaceAll('"', '""')}"`;
  const lines = [headings, ...rows].map((row) => row.map(quoted).join(","));
  return new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}

/** An instant (unix seconds) for a file: ISO 8601, UTC, whole seconds. */
export function isoInstant(instant: number): string {
  return new Date(instant * 1000).toISOString().replace(".000", "");
}

/** What is written above and below a chart in its picture. */
export interface Caption {
  title: string;
  legend: readonly { name: string; colour: string }[];
}

const MARGIN = 16;
const LINE = 22;

/** A chart's canvas as a picture, with its title and legend, on the ground it was drawn for. */
export function picture(
  source: HTMLCanvasElement,
  caption: Caption,
  colours: { ground: string; ink: string; font: string },
): Promise<Blob> {
  const scale = source.width / Math.max(source.clientWidth, 1);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  const width = source.width / scale;
  const font = `13px ${colours.font}`;
  context.font = font;
  const places = legendPlaces(context, caption, width);
  const rows = (places.at(-1)?.row ?? -1) + 1;
  const head = MARGIN + LINE;
  canvas.width = source.width + 2 * MARGIN * scale;
  canvas.height = (head + rows * LINE + 2 * MARGIN) * scale + source.height;
  context.scale(scale, scale);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "middle";
  context.fillStyle = colours.ink;
  context.font = `600 15px ${colours.font}`;
  context.fillText(caption.title, MARGIN, MARGIN + 8, width);
  context.font = font;
  for (const { name, colour, x, row } of places) {
    const y = head + row * LINE + LINE / 2;
    context.fillStyle = colour;
    context.fillRect(MARGIN + x, y - 5, 10, 10);
    context.fillStyle = colours.ink;
    context.fillText(name, MARGIN + x + 16, y);
  }
  const top = head + rows * LINE + MARGIN / 2;
  context.drawImage(source, MARGIN, top, width, source.height / scale);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}

function legendPlaces(
  context: CanvasRenderingContext2D,
  caption: Caption,
  width: number,
): { name: string; colour: string; x: number; row: number }[] {
  let x = 0;
  let row = 0;
  return caption.legend.map(({ name, colour }) => {
    const wide = context.measureText(name).width + 36;
    if (x > 0 && x + wide > width) {
      x = 0;
      row += 1;
    }
    const place = { name, colour, x, row };
    x += wide;
    return place;
  });
}

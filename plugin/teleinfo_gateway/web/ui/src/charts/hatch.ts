/** Hatching: what was not heard. */

const APART = 6;

/** Hatch a rectangle of a canvas with the present stroke; `scale` is pixels of the canvas in one. */
export function hatch(
  context: CanvasRenderingContext2D,
  [x, y, wide, high]: readonly [number, number, number, number],
  scale = 1,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, high);
  context.clip();
  context.beginPath();
  for (let offset = -high; offset < wide; offset += APART * scale) {
    context.moveTo(x + offset, y + high);
    context.lineTo(x + offset + high, y);
  }
  context.lineWidth = scale;
  context.stroke();
  context.restore();
}

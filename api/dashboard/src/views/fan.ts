/** The drawn parts of the fan chart that are no lines: misses of the past, and the interval of now with its numbers. */

import type uPlot from "uplot";
import { fixed } from "../format";
import { held, type Judged } from "../scores/judged";
import { LEVELS } from "../scores/wire";
import { colour } from "../theme";

export interface Wedge {
  /** Now and the time that the forecast is for, seconds. */
  times: [number, number];
  levels: [number, number][];
  index: number;
}

/** The wedge from the index of now to the quantiles ahead, or null where there are none. */
export function wedge(at: number, target: number, index: number | null, quantiles: number[] | null): Wedge | null {
  if (index === null || quantiles?.length !== LEVELS.length) return null;
  return { times: [at, target], levels: quantiles.map((q) => [index, q]), index };
}

/** Circles where what came lay outside the 90 % interval, and at the right end the interval of now. */
export function fanOf(u: uPlot, judged: Judged, [from, to]: [number, number]): void {
  const { ctx } = u;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour("--alarm");
  ctx.fillStyle = colour("--surface");
  ctx.lineWidth = 1.5 * unit;
  for (let i = from; i < to; i++) {
    if (held(judged, i, 0, 4)) continue;
    ctx.beginPath();
    ctx.arc(u.valToPos(judged.seconds[i] as number, "x", true), u.valToPos(judged.came[i] as number, "y", true), 3 * unit, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
  interval(u, unit);
  ctx.restore();
}

/** A bar from 5 to 95 %, thick from 25 to 75 %, and its three numbers beside it, kept apart. */
function interval(u: uPlot, unit: number): void {
  const last = u.data[0].length - 1;
  const values = [6, 7, 8, 9, 10].map((n) => u.data[n]?.[last]);
  if (values.some((value) => typeof value !== "number")) return;
  const { ctx } = u;
  const x = u.valToPos(u.data[0][last] as number, "x", true);
  const y = values.map((value) => u.valToPos(value as number, "y", true));
  const bar = (low: number, high: number, width: number): void => {
    ctx.lineWidth = width * unit;
    ctx.beginPath();
    ctx.moveTo(x, y[low] as number);
    ctx.lineTo(x, y[high] as number);
    ctx.stroke();
  };
  ctx.strokeStyle = ctx.fillStyle = colour("--forecast");
  bar(0, 4, 2);
  bar(1, 3, 6);
  ctx.fillStyle = colour("--ink");
  ctx.font = `${11 * unit}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const middle = y[2] as number;
  ctx.fillText(fixed(values[4]), x + 8 * unit, Math.min(y[4] as number, middle - 13 * unit));
  ctx.fillText(fixed(values[2]), x + 8 * unit, middle);
  ctx.fillText(fixed(values[0]), x + 8 * unit, Math.max(y[0] as number, middle + 13 * unit));
}

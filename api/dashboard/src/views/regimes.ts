/** Regimes behind a chart over time: a tint where the market was tense or in stress, and a line at its foot. */

import type uPlot from "uplot";
import { colour, regimeToken } from "../theme";

export interface Band {
  name: string;
  from: number;
  to: number;
}

/** Neighbouring times of one regime as one band each, up to where the next begins; calm and unknown have none. */
export function bandsOf(seconds: readonly number[], regimes: readonly (string | null)[]): Band[] {
  const bands: Band[] = [];
  let open: Band | null = null;
  regimes.forEach((name, i) => {
    const at = seconds[i] as number;
    if (open !== null) open.to = at;
    if (open?.name === name) return;
    open = name === "tense" || name === "stress" ? { name, from: at, to: at } : null;
    if (open !== null) bands.push(open);
  });
  return bands;
}

/** The tint, which goes behind the chart, or the line at its foot, which goes before it. */
export function regimeBands(u: uPlot, seconds: readonly number[], regimes: readonly (string | null)[], foot: boolean): void {
  const { ctx, bbox } = u;
  const unit = devicePixelRatio;
  ctx.save();
  for (const band of bandsOf(seconds, regimes)) {
    const left = Math.max(bbox.left, u.valToPos(band.from, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(band.to, "x", true));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    const width = Math.max(unit, right - left);
    ctx.fillStyle = colour(regimeToken(band.name), foot ? 1 : 0.12);
    ctx.fillRect(left, foot ? bbox.top + bbox.height - 4 * unit : bbox.top, width, foot ? 4 * unit : bbox.height);
  }
  ctx.restore();
}

/** The path of one part of stacked areas, broken where nothing is known. */

import type uPlot from "uplot";
import type { Stack } from "../stack";

export function area(u: uPlot, edges: Stack, part: number, from: number, to: number): Path2D {
  const path = new Path2D();
  const low = edges.low[part] ?? [];
  const high = edges.high[part] ?? [];
  const xs = u.data[0];
  const point = (i: number, edge: (number | null)[]): [number, number] => [u.valToPos(xs[i] as number, "x", true), u.valToPos(edge[i] as number, "y", true)];
  for (let start = from; start <= to; start++) {
    if (high[start] === null || high[start] === undefined) continue;
    let end = start;
    while (end < to && high[end + 1] !== null && high[end + 1] !== undefined) end++;
    for (let i = start; i <= end; i++) path.lineTo(...point(i, high));
    for (let i = end; i >= start; i--) path.lineTo(...point(i, low));
    path.closePath();
    if (end < to) path.moveTo(...point(Math.min(to, end), low));
    start = end;
  }
  return path;
}

/** Past forecasts beside what came: a forecast of a final is judged by the final so many periods behind it. */

import type { Columns } from "../series";
import { LEVELS } from "./wire";

/** Columns of equal length: when it came (s), when it was said (s), what came, and what had been said, by level. */
export interface Judged {
  seconds: number[];
  said: number[];
  came: number[];
  levels: number[][];
}

/** Every final with an index that was forecast, oldest first. Finals without an index count as no period. */
export function judge(columns: Columns, periods: number): Judged {
  const finals: number[] = [];
  for (let i = 0; i < columns.seconds.length; i++) if (columns.final[i] === true && typeof columns.index[i] === "number") finals.push(i);
  const judged: Judged = { seconds: [], said: [], came: [], levels: LEVELS.map(() => []) };
  for (let n = periods; n < finals.length; n++) {
    const [made, came] = [finals[n - periods] as number, finals[n] as number];
    const quantiles = columns.forecast[made];
    if (quantiles?.length !== LEVELS.length) continue;
    judged.seconds.push(columns.seconds[came] as number);
    judged.said.push(columns.seconds[made] as number);
    judged.came.push(columns.index[came] as number);
    quantiles.forEach((q, level) => judged.levels[level]?.push(q));
  }
  return judged;
}

/** Whether what came lay within the interval between two levels (0 to 4). */
export function held(judged: Judged, i: number, low: number, high: number): boolean {
  const came = judged.came[i] as number;
  return (judged.levels[low]?.[i] as number) <= came && came <= (judged.levels[high]?.[i] as number);
}

/** Share of the last `window` outcomes within an interval, at every time; null before there are so many. */
export function rolling(judged: Judged, low: number, high: number, window: number): (number | null)[] {
  let inside = 0;
  return judged.seconds.map((_, i) => {
    inside += Number(held(judged, i, low, high));
    if (i >= window) inside -= Number(held(judged, i - window, low, high));
    return i + 1 < window ? null : inside / window;
  });
}

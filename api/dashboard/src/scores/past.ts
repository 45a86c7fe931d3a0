/** How densely the past of scores is asked for. */

import { dataSpan, type State } from "../store";

const POINTS = 500;

/** Interval of which one value is enough, as a duration of the API; null where every final can be had. */
export function thinning(state: State): string | null {
  const data = dataSpan(state);
  const { finalCount } = state.series;
  if (data === null || finalCount <= POINTS) return null;
  return `${Math.ceil((data.to - data.from) / POINTS / 1000)}s`;
}

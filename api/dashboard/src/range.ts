/** What part of the past the charts show. Times in ms since 1970. */

export const PRESETS = ["15m", "1D", "1M", "1Y", "5Y", "all"] as const;
export type Preset = (typeof PRESETS)[number];
export type Range = { preset: Preset } | { from: number; to: number };
export interface Span {
  from: number;
  to: number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const LENGTH: Record<Exclude<Preset, "all">, number> = {
  "15m": 15 * MINUTE, "1D": DAY, "1M": 30.44 * DAY, "1Y": 365.25 * DAY, "5Y": 5 * 365.25 * DAY,
};
const SHORTEST = 10_000;

/** The span a range means, given the span of the data; presets end at the newest point and follow it. */
export function resolve(range: Range, data: Span): Span {
  const whole = { from: data.from, to: Math.max(data.to, data.from + SHORTEST) };
  if (!("preset" in range)) return range;
  if (range.preset === "all") return whole;
  return { from: Math.max(whole.from, whole.to - LENGTH[range.preset]), to: whole.to };
}

/** Presets worth offering: those shorter than the data, `15m` only for markets of a quick pace, and `all`. */
export function offered(data: Span, stepMs: number | null): Preset[] {
  return PRESETS.filter((preset) => {
    if (preset === "15m") return stepMs !== null && stepMs <= MINUTE;
    return preset === "all" || preset === "1D" || LENGTH[preset] < (data.to - data.from) * 1.05;
  });
}

/** Zoom by a factor (below 1 is closer) about a time that stays where it is, within the data. */
export function zoom(span: Span, factor: number, about: number, data: Span): Span {
  const whole = Math.max(SHORTEST, data.to - data.from);
  const length = Math.min(whole, Math.max(SHORTEST, (span.to - span.from) * factor));
  const share = (about - span.from) / (span.to - span.from);
  return shift({ from: about - share * length, to: about + (1 - share) * length }, 0, data);
}

/** Move by ms, keeping the length, within the data. */
export function shift(span: Span, by: number, data: Span): Span {
  const length = span.to - span.from;
  const from = Math.max(data.from, Math.min(span.from + by, Math.max(data.from, data.to - length)));
  return { from, to: from + length };
}

export type Grip = "move" | "from" | "to" | "new";

/** Where a press on the brush takes hold: an edge within reach, the window, or empty ground. */
export function grip(span: Span, at: number, reach: number): Grip {
  if (Math.abs(at - span.from) <= reach) return "from";
  if (Math.abs(at - span.to) <= reach) return "to";
  return at > span.from && at < span.to ? "move" : "new";
}

/** The span after dragging from one time to another with a grip. */
export function drag(start: Span, hold: Grip, from: number, to: number, data: Span): Span {
  if (hold === "move") return shift(start, to - from, data);
  const fixed = hold === "from" ? start.to : hold === "to" ? start.from : from;
  const end = Math.max(data.from, Math.min(data.to, to));
  const span = { from: Math.min(fixed, end), to: Math.max(fixed, end) };
  return span.to - span.from < SHORTEST ? { from: span.from, to: span.from + SHORTEST } : span;
}

/** Position of the value nearest to `at` in sorted times; -1 where there is none. */
export function nearest(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= at) low = middle;
    else high = middle;
  }
  return at - (times[low] as number) <= (times[high] as number) - at ? low : high;
}

/** How far back a change is explained: to the last final, or over a day, a week, a month. Pure; times in ms since 1970. */

import type { Attribution, Change, Market, Reading } from "./wire";

export const REACHES = ["final", "day", "week", "month"] as const;
export type Reach = (typeof REACHES)[number];

const DAY = 86_400_000;
const DAY_US = DAY * 1000;

/** Whether one period is a day: then the change since the last final is the change of a day. */
function daily(market: Market): boolean {
  return market.period === "session" || market.period === DAY_US;
}

/** The reaches that tell something different in this market; the first is what each reading says itself. */
export function reaches(market: Market): Reach[] {
  return daily(market) ? ["final", "week", "month"] : REACHES.filter((reach) => reach !== "day" || Number(market.period) < DAY_US);
}

/** What a reach is called in this market: the period's own name for the shortest. */
export function reachWord(reach: Reach, market: Market, period: string): string {
  return reach === "final" ? (daily(market) ? "day" : period) : reach;
}

/** The time at or before which the change begins. Sessions count by the calendar: their closes move with summer time. */
export function beginning(reach: Exclude<Reach, "final">, endMs: number, market: Market): string {
  const begin = reach === "month" ? monthBefore(endMs) : endMs - (reach === "week" ? 7 : 1) * DAY;
  const at = market.period === "session" ? Math.floor(begin / DAY) * DAY + DAY - 1 : begin;
  return new Date(at).toISOString();
}

/** The same day of the month before, or its last one. */
function monthBefore(ms: number): number {
  const end = new Date(ms);
  const last = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth(), 0)).getUTCDate();
  return Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, Math.min(end.getUTCDate(), last)) + (ms % DAY);
}

/** Time of the last final that a reading knows of, or null before the first. */
export function lastFinal(reading: Reading): string | null {
  return reading.final ? reading.at : reading.change?.since ?? null;
}

/** The change up to a reading: what was added up to the last final, and what the reading says since then. */
export function joined(found: Attribution, reading: Reading): Change {
  const { moved } = found;
  const now = reading.final ? null : reading.change;
  const level: Record<string, number> = { ...moved.level };
  for (const [name, points] of Object.entries(now?.level ?? {})) level[name] = (level[name] ?? 0) + points;
  return {
    since: found.from.at,
    total: moved.total + (now?.total ?? 0),
    level,
    correlation: moved.correlation + (now?.correlation ?? 0),
    composition: moved.composition + (now?.composition ?? 0),
  };
}

/** The sentences beside the numbers. Pure: what is said depends on the arguments only. */

import { age, clock, day, title, weekday } from "./format";
import type { Details, Market, Reading } from "./wire";

const US = 1_000_000;
const DAY_S = 86_400;

/** What one period of a market is called, singular: `day`, `hour`, or `period of 15 min`. */
export function periodWord(market: Market): string {
  if (market.period === "session" || market.period === DAY_S * US) return "day";
  if (market.period === 3600 * US) return "hour";
  if (market.period === 60 * US) return "minute";
  return `period of ${age(market.period / US)}`;
}

const many = (word: string): string => (word.startsWith("period") ? word.replace("period", "periods") : `${word}s`);

/** `higher than 93 % of days since 1999`; empty without a percentile. */
export function percentileWords(reading: Reading, market: Market, firstFinalMs: number | null): string {
  if (reading.percentile === null) return "";
  const share = Math.min(100, Math.max(0, reading.percentile));
  const text = share > 99 && share < 100 ? share.toFixed(1) : String(Math.round(share));
  const since = firstFinalMs === null ? "" : ` since ${sinceWords(firstFinalMs, Date.parse(reading.at))}`;
  return `Higher than ${text} % of ${many(periodWord(market))}${since}`;
}

/** `Give or take 0.8 points as inputs drop out. Above 13 Mar 2023, not above 16 Mar 2020`; empty where nothing is said. */
export function bandWords(reading: Reading): string {
  const band = typeof reading.band === "number" ? `Give or take ${reading.band.toFixed(1)} points as inputs drop out.` : "";
  const above = reading.above ? `above ${day(Date.parse(reading.above))}` : "";
  const below = reading.below ? `not above ${day(Date.parse(reading.below))}` : "";
  const days = [above, below].filter((part) => part !== "").join(", ");
  return [band, days === "" ? "" : `${days.charAt(0).toUpperCase()}${days.slice(1)}.`].filter((part) => part !== "").join(" ");
}

function sinceWords(firstMs: number, nowMs: number): string {
  const days = (nowMs - firstMs) / 86_400_000;
  if (days > 730) return String(new Date(firstMs).getUTCFullYear());
  return days > 1 ? day(firstMs) : `${clock(firstMs)} UTC`;
}

/** When the index was last at least as high, of finals oldest first; null where it never was. */
export function lastAsHigh(index: number, times: readonly number[], values: readonly (number | null)[], beforeMs: number): number | null {
  for (let i = times.length - 1; i >= 0; i--) {
    const value = values[i];
    const at = times[i];
    if (at !== undefined && at < beforeMs && value !== null && value !== undefined && value >= index) return at;
  }
  return null;
}

/** `last as high on 12 May 2020`, or that it has never been as high. */
export function lastAsHighWords(found: number | null, nowMs: number): string {
  if (found === null) return "never as high before";
  return day(found) === day(nowMs) ? `last as high at ${clock(found)} UTC` : `last as high on ${day(found)}`;
}

/** `final` is solid and done; `provisional` says when it closes, if that is known. */
export function markWords(reading: Reading, market: Market): string {
  if (reading.final) return "Final: it will never be changed";
  const closes = closesAt(reading, market);
  return closes === null ? "Provisional: as if the period ended now" : `Provisional, closes ${clock(closes)} UTC`;
}

/** End (ms) of the period that a provisional reading belongs to, or null where the calendar is not known here. */
export function closesAt(reading: Reading, market: Market): number | null {
  const at = Date.parse(reading.at);
  for (const [open, close] of market.hours ?? []) {
    if (Date.parse(open) <= at && at <= Date.parse(close)) return Date.parse(close);
  }
  if (typeof market.period !== "number" || market.calendar !== "24x7") return null;
  const period = market.period / 1000;
  return Math.ceil(at / period) * period;
}

/** Longer than any exchange stays closed: a market without a reading for so long has ended, or nothing feeds it. */
const ENDED_MS = 10 * 86_400_000;

/** `Closed until Mon 3 Jun 2024 13:30 UTC`, `Open until 21:00 UTC`, where its readings end, or empty. */
export function hoursWords(market: Market, nowMs: number, lastMs: number): string {
  if (market.run !== null || market.hours === null) return "";
  if (nowMs - lastMs > ENDED_MS) return `The history ends on ${day(lastMs)}: nothing newer has come`;
  for (const [open, close] of market.hours) {
    if (nowMs < Date.parse(open)) return `Closed until ${weekday(Date.parse(open))} ${clock(Date.parse(open))} UTC`;
    if (nowMs < Date.parse(close)) return `Open until ${clock(Date.parse(close))} UTC`;
  }
  return "";
}

/** When the next period closes (ms), or null where the calendar does not say. */
export function nextClose(market: Market, nowMs: number): number | null {
  for (const [, close] of market.hours ?? []) if (nowMs < Date.parse(close)) return Date.parse(close);
  if (market.run !== null || typeof market.period !== "number" || market.calendar !== "24x7") return null;
  const period = market.period / 1000;
  return (Math.floor(nowMs / period) + 1) * period;
}

/** `The next day closes at 20:00 UTC.`, or empty where the calendar does not say. */
export function closingWords(market: Market, nowMs: number): string {
  const close = nextClose(market, nowMs);
  if (close === null) return "";
  return `The next ${periodWord(market)} closes ${day(close) === day(nowMs) ? "at" : `on ${day(close)},`} ${clock(close)} UTC.`;
}

/** Why a chart over time is still empty, and when something will be there; empty where it is not. */
export function youngWords(market: Market | null, points: number, nowMs: number): string {
  if (market === null || points > 1) return "";
  const first = `a line begins with the first two ${many(periodWord(market))}`;
  return `${points === 0 ? "Nothing yet" : "One value so far"}: ${first}. ${closingWords(market, nowMs)}`.trim();
}

/** An input this old is not missing: it ended (models/signals/band.py). */
const ENDED_S = 90 * DAY_S;

/** Indicators that count and had no score in the last details, of segments that have some: what lowers the coverage. */
export function missingInputs(market: Market, reading: Reading, details: Details | null): string[] {
  if (details === null) return [];
  const gone = new Set(details.indicators.filter((row) => row.score === null && (row.age_s ?? 0) < ENDED_S).map((row) => row.name));
  return market.segments.filter((segment) => segment.name in reading.contributions)
    .flatMap((segment) => segment.indicators.filter((one) => one.weight !== 0 && gone.has(one.name)).map((one) => one.name));
}

/** `5 of 6 segments live; Credit is missing`, or which inputs are, from the market, the reading and the last details. */
export function coverageWords(reading: Reading, market: Market, details: Details | null = null): string {
  const names = market.segments.map((segment) => segment.name);
  const live = names.filter((name) => name in reading.contributions);
  const share = `${Math.round(reading.coverage * 100)} % of the inputs by weight are live`;
  if (names.length === 0) return share;
  const missing = names.filter((name) => !live.includes(name)).map(title);
  const segments = `${live.length} of ${names.length} segments live`;
  if (missing.length === 0 && reading.coverage >= 0.9995) return `All ${names.length} segments live`;
  const inputs = missingInputs(market, reading, details);
  const named = inputs.length === 0 ? "" : `, without ${listed([...inputs.slice(0, 3), ...(inputs.length > 3 ? [`${inputs.length - 3} more`] : [])])}`;
  if (missing.length === 0) return `${segments}; ${share}${named}`;
  return `${segments}; ${listed(missing)} ${missing.length === 1 ? "is" : "are"} missing`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** How old the inputs are, and which were left out for age. */
export function stalenessWords(reading: Reading, details: Details | null): string {
  const { max_s, stale } = reading.staleness;
  const oldest = max_s === null ? "No live input" : `The oldest live input was ${age(max_s)} old`;
  if (stale === 0) return `${oldest}; none left out`;
  const named = details === null || details.stale.length === 0 ? "" : `: ${listed(details.stale.slice(0, 4))}${details.stale.length > 4 ? " and others" : ""}`;
  return `${oldest}; ${stale} left out as too old${named}`;
}

/** What moved the index, the largest part first, in one sentence. */
export function changeWords({ change }: Pick<Reading, "change">, span = "since the last final"): string {
  if (change === null) return "";
  if (Math.abs(change.total) < 0.05) return `Unchanged ${span}`;
  const parts = [...Object.entries(change.level), ["correlation", change.correlation], ["composition", change.composition]] as [string, number][];
  const same = parts.filter(([, value]) => value * change.total > 0).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const first = same[0];
  const cause = first === undefined ? "" : `, most of it ${causeWords(first[0])}`;
  return `${change.total > 0 ? "Up" : "Down"} ${Math.abs(change.total).toFixed(1)} ${span}${cause}`;
}

function causeWords(part: string): string {
  if (part === "correlation") return "from segments moving together differently";
  if (part === "composition") return "from inputs that came or went";
  return `from ${title(part)}`;
}

/** The whole state in one sentence, for screen readers. */
export function announcement(reading: Reading, market: Market): string {
  const name = market.title || market.name;
  if (reading.index === null) return `${name}: no reading yet.`;
  const percentile = reading.percentile === null ? "" : `, higher than ${Math.round(reading.percentile)} percent of the past`;
  return `${name}: ${reading.index.toFixed(1)} of 100, ${reading.level}${percentile}, ${reading.final ? "final" : "provisional"}.`;
}

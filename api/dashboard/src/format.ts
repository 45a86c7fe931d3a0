/** Numbers, times and ages as people read them. Times are UTC; the user's own zone is for hovering. */

const MINUS = "−";

/** Fixed decimals with a true minus sign; a dash where there is no number. */
export function fixed(value: number | null | undefined, decimals = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A change: always with its sign; zero has none. */
export function signed(value: number | null | undefined, decimals = 1): string {
  const text = fixed(value, decimals);
  return value !== null && value !== undefined && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** Significant digits for raw values of any size (0.000123, 4,512, 1.2 million). */
export function compact(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${fixed(value / 1e6, 2)} M`;
  if (size >= 1000) return fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, ",");
  if (size >= 100) return fixed(value, 1);
  if (size >= 0.1 || size === 0) return fixed(value, 3);
  return value.toPrecision(3).replace("-", MINUS);
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

/** An age in the two largest useful units: `12 s`, `3 min`, `2 h 05 min`, `4 days`, `7 years`. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  const days = Math.floor(s / 86_400);
  return days < 730 ? plural(days, "day") : plural(Math.floor(days / 365.25), "year");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const two = (n: number): string => String(n).padStart(2, "0");

/** `12 May 2020` (UTC). */
export function day(ms: number): string {
  const d = new Date(ms);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
}

/** `Tue 12 May 2020` (UTC). */
export function weekday(ms: number): string {
  return `${DAYS[new Date(ms).getUTCDay()]} ${day(ms)}`;
}

/** `21:00` or, with seconds, `21:00:05` (UTC). */
export function clock(ms: number, seconds = false): string {
  const d = new Date(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(d.getUTCSeconds())}` : ""}`;
}

/** `12 May 2020, 21:00 UTC`; with seconds where the pace of the market needs them. */
export function moment(ms: number, seconds = false): string {
  return `${day(ms)}, ${clock(ms, seconds)} UTC`;
}

/** The same moment in the zone of the reader, for hovering. */
export function local(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

/** `equity` → `Equity`, `rank_mean` → `Rank mean`. */
export function title(name: string): string {
  const words = name.replace(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

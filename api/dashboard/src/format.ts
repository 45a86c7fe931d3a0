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

/** That there is no market of that name, before the list of those that there are. */
export function unknownWords(name: string, others: number): string {
  return `There is no market “${name}” now. ${others === 1 ? "There is this one" : `There are these ${others}`}; a run appears here as soon as it begins:`;
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

/** `5 Jan 1999 to 5 Mar 2018`, or the times of day where both are of one day. */
export function between(from: number, to: number): string {
  return day(from) === day(to) ? `${clock(from, true)} to ${clock(to, true)} UTC, ${day(to)}` : `${day(from)} to ${day(to)}`;
}

/** An age for a narrow column: `45 s`, `12 min`, `21 h`, `34 d`, `8 y`. */
export function shortAge(seconds: number): string {
  const units: [number, string][] = [[31_557_600 * 2, "y"], [86_400 * 2, "d"], [3600 * 2, "h"], [120, "min"]];
  const size: Record<string, number> = { y: 31_557_600, d: 86_400, h: 3600, min: 60 };
  const unit = units.find(([least]) => seconds >= least)?.[1];
  return unit === undefined ? `${Math.max(0, Math.round(seconds))} s` : `${Math.floor(seconds / (size[unit] ?? 1))} ${unit}`;
}

/** What stands below a tick of an axis whose ticks are `step` seconds apart. */
export function tick(seconds: number, step: number): string {
  const d = new Date(seconds * 1000);
  if (step >= 360 * 86_400) return String(d.getUTCFullYear());
  if (step >= 27 * 86_400) return `${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
  if (step >= 86_400 || seconds % 86_400 === 0) return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
  return clock(seconds * 1000, step < 60);
}

const NAMES: Record<string, string> = { fx: "FX", cmax: "CMAX", ciss: "CISS" };

/** `equity` → `Equity`, `rank_mean` → `Rank mean`, `fx` → `FX`. */
export function title(name: string): string {
  const known = NAMES[name];
  if (known !== undefined) return known;
  const words = name.replace(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Alerts in words, and durations as the API writes and reads them. */

import { age, moment } from "../format";
import type { Alert, Severity, Silence, Told } from "./wire";

const UNITS: [string, number][] = [["d", 86_400e6], ["h", 3_600e6], ["m", 60e6], ["s", 1e6], ["ms", 1e3], ["us", 1]];

/** Microseconds as people write them, in the largest whole unit: `14400000000` is `4h`; a text stays as it is. */
export function span(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return "";
  if (value === 0) return "0s";
  const [unit, size] = UNITS.find(([, us]) => value % us === 0) ?? ["us", 1];
  return `${value / size}${unit}`;
}

const RANK: Record<Severity, number> = { critical: 0, error: 1, warning: 2, info: 3 };

/** The most urgent first; of the same urgency those that nobody has acknowledged, then the newest. */
export function byUrgency(a: Told, b: Told): number {
  const taken = (t: Told): number => Number(t.alert.state === "acknowledged");
  return RANK[a.alert.severity] - RANK[b.alert.severity] || taken(a) - taken(b) || b.alert.began_at.localeCompare(a.alert.began_at);
}

const UNSENT: Record<string, string> = {
  run: "of a replay: nobody is told", old: "older than 15 minutes when it was noticed: nobody was told", silenced: "silenced",
};

/** What people have done about an alert, and whether they know of it. */
export function handled({ alert, unsent, sent_at, acknowledged_by }: Told): string {
  const taken = acknowledged_by === null ? [] : [`acknowledged by ${acknowledged_by}`];
  const told = unsent !== null ? UNSENT[unsent] ?? unsent : sent_at === null ? "not sent yet" : `sent ${moment(Date.parse(sent_at), true)}`;
  return [alert.state === "resolved" ? "ended" : alert.state === "acknowledged" ? "" : "nobody has it yet", ...taken, told].filter((t) => t !== "").join(" · ");
}

/** How long it stands, or stood. */
export function lasted(alert: Alert, now: number): string {
  const end = alert.ended_at === null ? now : Date.parse(alert.ended_at);
  return age((end - Date.parse(alert.began_at)) / 1000);
}

/** What a silence covers: `us, High stress, critical`, or everything. */
export function covers(silence: Pick<Silence, "market" | "rule" | "severity" | "segment">): string {
  const named = [silence.market, silence.rule, silence.severity, silence.segment].filter((part) => part !== null && part !== "");
  return named.length === 0 ? "every alert of every market" : named.join(", ");
}

/** Where in a text a fault of the rule language stands, from its message; null where it does not say. */
export function place(message: string): { line: number; column: number; length: number } | null {
  const found = /line (\d+), column (\d+):/.exec(message);
  if (found === null) return null;
  const marks = /^\s*(\^+)\s*$/m.exec(message)?.[1]?.length ?? 1;
  return { line: Number(found[1]), column: Number(found[2]), length: marks };
}

/** The same place as offsets into the text. */
export function offsets(text: string, at: { line: number; column: number; length: number }): [number, number] {
  const lines = text.split("\n");
  const before = lines.slice(0, at.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const from = Math.min(text.length, before + at.column - 1);
  return [from, Math.min(text.length, from + at.length)];
}

/** What is left of a silence, or that it is over. */
export function left(silence: Silence, now: number): string {
  if (silence.ended_by !== null) return `ended by ${silence.ended_by}`;
  const end = Date.parse(silence.ends_at);
  if (Date.parse(silence.begins_at) > now) return `begins ${moment(Date.parse(silence.begins_at))}`;
  return end <= now ? `ended ${moment(end)}` : `${age((end - now) / 1000)} left, until ${moment(end)}`;
}

/** How many stand, for the title and for screen readers. */
export function standing(alerts: readonly Told[]): string {
  const open = alerts.filter((t) => t.alert.state === "alerting").length;
  if (alerts.length === 0) return "No alert stands.";
  const all = `${alerts.length} alert${alerts.length === 1 ? " stands" : "s stand"}`;
  return open === alerts.length ? `${all}; nobody has acknowledged ${open === 1 ? "it" : "any"}.` : `${all}, ${open} of them not acknowledged.`;
}

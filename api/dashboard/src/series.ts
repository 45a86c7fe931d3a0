/** The past of one market as columns, ready to draw: finals for the years, provisional readings for the last hours. */

import type { Reading } from "./wire";

export interface Columns {
  /** Seconds since 1970 (what uPlot draws), ascending. */
  seconds: number[];
  index: (number | null)[];
  percentile: (number | null)[];
  final: boolean[];
  contributions: Record<string, (number | null)[]>;
  forms: Record<string, (number | null)[]>;
  /** Quantiles one horizon ahead, regime, anomaly, versions of models: null where a reading says nothing of it. */
  forecast: (number[] | null)[];
  regime: (string | null)[];
  anomaly: (number | null)[];
  models: (Record<string, string> | null)[];
}

interface Point {
  at: number;
  final: boolean;
  index: number | null;
  percentile: number | null;
  contributions: Record<string, number>;
  forms: Record<string, number | null>;
  forecast: number[] | null;
  regime: string | null;
  anomaly: number | null;
  models: Record<string, string> | null;
}

const MINUTE = 60_000;

function point(reading: Reading): Point {
  const { final, index, percentile, contributions, forms } = reading;
  const { forecast = null, regime = null, anomaly = null, models = null } = reading;
  return { at: Date.parse(reading.at), final, index, percentile, contributions, forms, forecast, regime, anomaly, models };
}

/** The last point of every bucket of `ms`, and every final: what is kept of older provisional readings. */
export function thin<T extends { at: number; final: boolean }>(points: readonly T[], ms: number): T[] {
  return points.filter((p, i) => {
    const next = points[i + 1];
    return p.final || next === undefined || Math.floor(next.at / ms) !== Math.floor(p.at / ms);
  });
}

/**
 * Bounded memory of readings. At most `capacity` finals and `recent` newer points stay; of provisional
 * readings one a second is kept, and one a minute once there are too many.
 */
export class Series {
  private finals: Point[] = [];
  private recent: Point[] = [];
  private merged: Columns | null = null;
  /** Grows with every change, so that a view knows whether to draw. */
  revision = 0;

  constructor(private readonly capacity = 20_000, private readonly recentCapacity = 6_000) {}

  clear(): void {
    this.finals = [];
    this.recent = [];
    this.touch();
  }

  /** Replaces the finals by a page of the past, in order of time; what came by the feed meanwhile stays. */
  load(finals: readonly Reading[], recent: readonly Reading[]): void {
    const live = [...this.finals, ...this.recent];
    this.finals = finals.map(point);
    this.recent = recent.map(point);
    for (const p of live.sort((a, b) => a.at - b.at)) this.add(p);
    this.touch();
  }

  /** Adds a reading; one that is not newer than the newest of its kind is ignored. */
  push(reading: Reading): void {
    this.add(point(reading));
    this.touch();
  }

  private add(p: Point): void {
    const newestFinal = this.finals.at(-1);
    if (p.final && (newestFinal === undefined || newestFinal.at < p.at)) this.finals.push(p);
    const last = this.recent.at(-1);
    if (last !== undefined && (p.at < last.at || (p.at === last.at && last.final))) return;
    const sameSecond = last !== undefined && !last.final && Math.floor(last.at / 1000) === Math.floor(p.at / 1000);
    if (sameSecond) this.recent.pop();
    if (newestFinal === undefined || p.final || p.at > newestFinal.at || last !== undefined) this.recent.push(p);
    this.bound();
  }

  private bound(): void {
    if (this.finals.length > this.capacity) this.finals.splice(0, this.finals.length - this.capacity);
    if (this.recent.length <= this.recentCapacity) return;
    const half = this.recent.length >> 1;
    this.recent = [...thin(this.recent.slice(0, half), MINUTE), ...this.recent.slice(half)];
    if (this.recent.length > this.recentCapacity) this.recent.splice(0, this.recent.length >> 1);
  }

  private touch(): void {
    this.merged = null;
    this.revision++;
  }

  get length(): number {
    return this.finals.length + this.recent.length;
  }

  /** Times (ms) and values of finals only, oldest first. */
  pastFinals(): { times: number[]; values: (number | null)[] } {
    return { times: this.finals.map((p) => p.at), values: this.finals.map((p) => p.index) };
  }

  get finalCount(): number {
    return this.finals.length;
  }

  get firstFinal(): number | null {
    return this.finals[0]?.at ?? null;
  }

  /** Everything in order of time: finals, and from where they begin the finer recent points. */
  columns(): Columns {
    this.merged ??= toColumns(this.inOrder());
    return this.merged;
  }

  private inOrder(): Point[] {
    const start = this.recent[0]?.at ?? Infinity;
    const known = new Set(this.recent.filter((p) => p.final).map((p) => p.at));
    const finals = this.finals.filter((p) => p.at < start || !known.has(p.at));
    const all = [...finals, ...this.recent];
    return finals.length > 0 && (finals.at(-1) as Point).at >= start ? all.sort((a, b) => a.at - b.at) : all;
  }
}

function toColumns(points: readonly Point[]): Columns {
  const names = new Set<string>();
  const forms = new Set<string>();
  for (const p of points) {
    for (const name in p.contributions) names.add(name);
    for (const name in p.forms) forms.add(name);
  }
  const column = <T>(pick: (p: Point) => T): T[] => points.map(pick);
  return {
    seconds: column((p) => p.at / 1000),
    index: column((p) => p.index),
    percentile: column((p) => p.percentile),
    final: column((p) => p.final),
    contributions: Object.fromEntries([...names].map((n) => [n, column((p) => (p.index === null ? null : p.contributions[n] ?? 0))])),
    forms: Object.fromEntries([...forms].map((n) => [n, column((p) => p.forms[n] ?? null)])),
    forecast: column((p) => p.forecast),
    regime: column((p) => p.regime),
    anomaly: column((p) => p.anomaly),
    models: column((p) => p.models),
  };
}

/** Scores of finals over time: the past from REST, thinned, and what comes by the feed behind it. */

import type { Details } from "../wire";
import type { ScoreColumns } from "./wire";

const MOST = 4_000;

export class ScoreSeries {
  private known: ScoreColumns = empty();
  /** Grows with every change. */
  revision = 0;

  clear(): void {
    this.known = empty();
    this.revision++;
  }

  /** Takes the past; what came by the feed meanwhile stays behind it. */
  load(columns: ScoreColumns): void {
    const live = this.known;
    this.known = columns;
    const newest = Date.parse(columns.at.at(-1) ?? "") || 0;
    live.at.forEach((at, i) => Date.parse(at) > newest && this.append(at, live.skill[i] ?? null, pick(live.weights, i), live.change[i] ?? null, live.drifts[i] ?? 0));
    this.revision++;
  }

  /** Takes a final's details, if they are newer than what is known and have scores. */
  push(details: Details): void {
    const ahead = details.forecast?.at(-1);
    const newest = this.known.at.at(-1);
    if (ahead === undefined || (newest !== undefined && Date.parse(newest) >= Date.parse(details.at))) return;
    const weights = Object.fromEntries(ahead.experts.map((expert) => [expert.name, expert.weight]));
    const drifts = Object.values(details.drift?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    this.known.periods = ahead.periods;
    this.append(details.at, ahead.skill, weights, details.regime?.change ?? null, drifts);
    if (this.known.at.length > MOST) this.halve();
    this.revision++;
  }

  columns(): Readonly<ScoreColumns> {
    return this.known;
  }

  private append(at: string, skill: number | null, weights: Record<string, number | null>, change: number | null, drifts: number): void {
    const { known } = this;
    for (const name in weights) known.weights[name] ??= new Array<null>(known.at.length).fill(null);
    for (const name in known.weights) known.weights[name]?.push(weights[name] ?? null);
    known.at.push(at);
    known.skill.push(skill);
    known.change.push(change);
    known.drifts.push(drifts);
  }

  /** Every other value of the older half goes: memory stays flat. */
  private halve(): void {
    const { known } = this;
    const half = known.at.length >> 1;
    const keep = <T>(values: T[]): T[] => values.filter((_, i) => i >= half || i % 2 === 0);
    const weights = Object.fromEntries(Object.entries(known.weights).map(([name, values]) => [name, keep(values)]));
    this.known = { periods: known.periods, at: keep(known.at), skill: keep(known.skill), weights, change: keep(known.change), drifts: keep(known.drifts) };
  }
}

function empty(): ScoreColumns {
  return { periods: null, at: [], skill: [], weights: {}, change: [], drifts: [] };
}

function pick(weights: Record<string, (number | null)[]>, i: number): Record<string, number | null> {
  return Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, values[i] ?? null]));
}

/** The state of the page, and the one place that says when to draw: once per animation frame, after any change. */

import type { Address } from "./address";
import type { Connection } from "./feed";
import type { Span } from "./range";
import { resolve } from "./range";
import type { Problem } from "./rest";
import { ScoreSeries } from "./scores/series";
import { Series } from "./series";
import type { Attribution, Details, Market, Reading } from "./wire";
import { youngWords } from "./words";

export interface State {
  markets: Market[];
  market: Market | null;
  /** Newest reading of any kind, and when it came here (ms, this machine's clock). */
  reading: Reading | null;
  receivedAt: number;
  details: Details | null;
  /** Details of the final before, where they were seen. */
  before: Details | null;
  /** The change over more than a period, where one was asked for: of which path, and what came of it. */
  moved: { path: string; found: Attribution | null; fault: string | null } | null;
  series: Series;
  scores: ScoreSeries;
  connection: Connection;
  loading: boolean;
  problem: Problem | null;
  address: Address;
  skipped: number;
}

export interface View {
  readonly element: HTMLElement;
  /** Called at most once per frame; a view leaves alone what has not changed. */
  update(state: State): void;
}

export function initial(address: Address): State {
  return {
    markets: [], market: null, reading: null, receivedAt: 0, details: null, before: null, moved: null, series: new Series(), scores: new ScoreSeries(),
    connection: { state: "connecting", attempt: 1 }, loading: true, problem: null, address, skipped: 0,
  };
}

/** Segments in the order of the market file; those of the reading where the file is not known. */
export function segments(state: State): string[] {
  const named = state.market?.segments.map((s) => s.name) ?? [];
  const others = Object.keys(state.reading?.contributions ?? {}).filter((n) => !named.includes(n));
  return [...named, ...others];
}

/** First and last time (ms) of what is known, or null. */
export function dataSpan(state: State): Span | null {
  const { seconds } = state.series.columns();
  const first = seconds[0];
  const last = seconds.at(-1);
  return first === undefined || last === undefined ? null : { from: first * 1000, to: last * 1000 };
}

/** What stands in a chart over time that has nothing to draw yet, or null. */
export function emptyWords(state: State): string | null {
  const span = dataSpan(state);
  const points = span === null ? 0 : span.from === span.to ? 1 : 2;
  return state.loading ? null : youngWords(state.market, points, Date.now()) || null;
}

/** The span shown by every chart over time, or null. */
export function shown(state: State): Span | null {
  const data = dataSpan(state);
  return data === null ? null : resolve(state.address.range, data);
}

/** Pace of provisional readings in ms, or null for markets with finals only. */
export function stepMs(state: State): number | null {
  const step = state.market?.step;
  return typeof step === "number" ? step / 1000 : null;
}

/** How many periods the forecast of readings looks ahead; 1 until details have said it. */
export function horizon(state: State): number {
  return state.details?.forecast?.at(-1)?.periods ?? state.scores.columns().periods ?? 1;
}

export class Painter {
  private asked = false;
  private views: View[] = [];

  constructor(private readonly state: State) {}

  add(...views: View[]): void {
    this.views.push(...views);
  }

  /** Asks for a frame. A hidden tab gets none, and so costs nothing. */
  readonly ask = (): void => {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      for (const view of this.views) view.update(this.state);
    });
  };
}

/** The change since the last final as a waterfall: from the old index to the new one, one step per cause. */

import type { Details, IndicatorRow, Reading } from "./wire";

export interface Step {
  name: string;
  kind: "start" | "segment" | "correlation" | "composition" | "end";
  /** Change in index points; the level itself for start and end. */
  value: number;
  /** The bar reaches from `from` to `to` (index points). */
  from: number;
  to: number;
}

/** Steps of a change that ends at an index, segments in the order given; empty where there is no change to explain. */
export function waterfall({ index, change }: Pick<Reading, "index" | "change">, order: readonly string[]): Step[] {
  if (index === null || change === null) return [];
  const start = index - change.total;
  let at = start;
  const step = (name: string, kind: Step["kind"], value: number): Step => {
    const from = at;
    at += value;
    return { name, kind, value, from, to: at };
  };
  const names = [...order.filter((n) => n in change.level), ...Object.keys(change.level).filter((n) => !order.includes(n))];
  return [
    { name: "start", kind: "start", value: start, from: start, to: start },
    ...names.map((name) => step(name, "segment", change.level[name] ?? 0)),
    step("correlation", "correlation", change.correlation),
    step("composition", "composition", change.composition),
    { name: "end", kind: "end", value: index, from: index, to: index },
  ];
}

/** Span of index points that the steps need, with room at both ends and never narrower than two points. */
export function extent(steps: readonly Step[]): [number, number] {
  const ends = steps.flatMap((s) => [s.from, s.to]);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const room = Math.max((2 - (high - low)) / 2, (high - low) * 0.06);
  return [low - room, high + room];
}

/** Indicators of a segment, the largest contribution first, each with what it had at the final before (or null). */
export function indicatorsOf(segment: string, details: Details | null, before: Details | null): { row: IndicatorRow; was: number | null }[] {
  const earlier = new Map((before?.indicators ?? []).map((row) => [row.name, row.contribution]));
  return (details?.indicators ?? [])
    .filter((row) => row.segment === segment)
    .map((row) => ({ row, was: earlier.get(row.name) ?? null }))
    .sort((a, b) => Math.abs(b.row.contribution) - Math.abs(a.row.contribution));
}

/** The address holds the state, so that a link shows the same thing. */

import { REACHES, type Reach } from "./reach";
import { PRESETS, type Preset, type Range } from "./range";

export interface Address {
  market: string | null;
  range: Range;
  /** Time under the crosshair, ms since 1970, or null. */
  cursor: number | null;
  /** Aggregation form that the history shows, or null for the headline. */
  form: string | null;
  /** Correlations shown: segments or instruments. */
  matrix: "segments" | "instruments";
  /** How far back the change is explained. */
  moved: Reach;
}

function time(text: string | null): number | null {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** State from `?market=us-open&range=5Y` or `?from=..&to=..`; what is not understood is left at its default. */
export function parse(query: string): Address {
  const given = new URLSearchParams(query);
  const from = time(given.get("from"));
  const to = time(given.get("to"));
  const preset = PRESETS.find((name) => name === given.get("range")) ?? null;
  return {
    market: given.get("market"),
    range: from !== null && to !== null && from < to ? { from, to } : { preset: preset ?? "all" },
    cursor: time(given.get("cursor")),
    form: given.get("form"),
    matrix: given.get("matrix") === "instruments" ? "instruments" : "segments",
    moved: REACHES.find((reach) => reach === given.get("moved")) ?? "final",
  };
}

const iso = (ms: number): string => new Date(Math.round(ms)).toISOString().replace(".000Z", "Z");

/** The query that `parse` reads back; defaults are left out. */
export function format(address: Address): string {
  const query = new URLSearchParams();
  if (address.market !== null) query.set("market", address.market);
  if ("preset" in address.range) {
    if (address.range.preset !== ("all" satisfies Preset)) query.set("range", address.range.preset);
  } else {
    query.set("from", iso(address.range.from));
    query.set("to", iso(address.range.to));
  }
  if (address.cursor !== null) query.set("cursor", iso(address.cursor));
  if (address.form !== null) query.set("form", address.form);
  if (address.matrix !== "segments") query.set("matrix", address.matrix);
  if (address.moved !== "final") query.set("moved", address.moved);
  return query.size === 0 ? "" : `?${query.toString().replaceAll("%3A", ":").replaceAll("%7E", "~")}`;
}

/** The words of the API, as schemas/reading.py writes them, with the checks that keep a bad answer out of the page. */

import type { Anomaly, Drift, Forecast, ModelRow, Regime } from "./scores/wire";

export interface Change {
  since: string;
  total: number;
  level: Record<string, number>;
  correlation: number;
  composition: number;
}

export interface Reading {
  market: string;
  at: string;
  final: boolean;
  index: number | null;
  percentile: number | null;
  level: string;
  form: string;
  contributions: Record<string, number>;
  forms: Record<string, number | null>;
  change: Change | null;
  coverage: number;
  staleness: { max_s: number | null; stale: number };
  flags: string[];
  version: string;
  /** Left out by releases that did not know of them; remembered days also by markets without any. */
  band?: number | null;
  above?: string | null;
  below?: string | null;
  /** Versions in force, by name; left out while no model was promoted. */
  models?: Record<string, string>;
  /** Quantiles one horizon ahead; this and the next two are left out in markets without scores. */
  forecast?: number[] | null;
  regime?: string;
  anomaly?: number | null;
  prev_hash: string;
  hash: string;
}

/** Why the index moved between two finals, as /attribution adds it up. */
export interface Attribution {
  from: { at: string; index: number };
  to: { at: string; index: number };
  moved: Omit<Change, "since">;
  indicators: { name: string; segment: string; before: number; after: number; change: number }[] | null;
}

export interface IndicatorRow {
  name: string;
  segment: string;
  kind: string;
  raw: number | null;
  score: number | null;
  contribution: number;
  weight: number;
  age_s: number | null;
}

export interface Matrix {
  names: string[];
  values: (number | null)[][];
}

export interface Details {
  market: string;
  at: string;
  indicators: IndicatorRow[];
  segment_correlation: Matrix;
  instrument_correlation: Matrix;
  volatility: Record<string, number | null>;
  stale: string[];
  version: string;
  /** Left out in markets without scores. The last forecast looks a whole horizon ahead. */
  forecast?: Forecast[];
  regime?: Regime;
  anomaly?: Anomaly;
  drift?: Drift;
  /** Left out while no control record has promoted a model. */
  models?: ModelRow[];
}

/** A market's definition as the flow publishes it; durations are microseconds, or a word. */
export interface Market {
  name: string;
  run: string | null;
  /** A changed market file is published beside the old one, as another edition. */
  edition: number;
  title: string;
  about: string;
  calendar: string;
  period: number | "session";
  step: number | "period";
  form: string;
  synthetic: boolean;
  instruments: { name: string; kind: string; unit: string; why: string }[];
  segments: { name: string; weight: number; indicators: { name: string; kind: string; of: string[]; weight?: number }[] }[];
  since: string | null;
  hours: [string, string][] | null;
}

export type Frame =
  | { type: "snapshot" | "reset"; market: string; channel: string; epoch: string; id: string | null; data: unknown }
  | { type: "update"; market: string; channel: string; epoch: string; id: string; sent_ns: number; data: unknown }
  | { type: "conflated"; market: string; channel: string; skipped: number }
  | { type: "ping"; at: unknown }
  | { type: "error"; title: string; detail: string };

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(what: string, field: string): never {
  throw new TypeError(`${what} without a usable "${field}"`);
}

/** A reading, or a TypeError naming the field that is missing. */
export function asReading(value: unknown): Reading {
  if (!isObject(value)) fault("reading", "object");
  if (typeof value["at"] !== "string" || Number.isNaN(Date.parse(value["at"]))) fault("reading", "at");
  if (typeof value["market"] !== "string") fault("reading", "market");
  if (typeof value["final"] !== "boolean") fault("reading", "final");
  if (value["index"] !== null && typeof value["index"] !== "number") fault("reading", "index");
  if (!isObject(value["contributions"])) fault("reading", "contributions");
  return {
    percentile: null, level: "unknown", form: "", forms: {}, change: null, coverage: 0,
    staleness: { max_s: null, stale: 0 }, flags: [], version: "", prev_hash: "", hash: "",
    ...value,
  } as unknown as Reading;
}

/** Details, or a TypeError naming the field that is missing. */
export function asDetails(value: unknown): Details {
  if (!isObject(value)) fault("details", "object");
  if (typeof value["at"] !== "string") fault("details", "at");
  if (!Array.isArray(value["indicators"])) fault("details", "indicators");
  const none = { names: [], values: [] };
  return {
    segment_correlation: none, instrument_correlation: none, volatility: {}, stale: [], version: "",
    ...value,
  } as unknown as Details;
}

/** An attribution, or a TypeError naming the field that is missing. */
export function asAttribution(value: unknown): Attribution {
  if (!isObject(value)) fault("attribution", "object");
  for (const end of ["from", "to"]) if (!isObject(value[end]) || typeof value[end]["at"] !== "string") fault("attribution", end);
  if (!isObject(value["moved"]) || !isObject(value["moved"]["level"])) fault("attribution", "moved");
  return { indicators: null, ...value } as unknown as Attribution;
}

/** A market's definition; what an older flow leaves out gets its neutral value. */
export function asMarket(value: unknown): Market {
  if (!isObject(value) || typeof value["name"] !== "string") fault("market", "name");
  return {
    run: null, edition: 1, title: "", about: "", calendar: "24x7", period: "session", step: "period", form: "",
    synthetic: false, instruments: [], segments: [], since: null, hours: null,
    ...value,
  } as unknown as Market;
}

/** Name under which a market is asked for: with its run, if it is a replay. */
export function marketKey(market: Market): string {
  return market.run === null || market.name.includes("~") ? market.name : `${market.name}~${market.run}`;
}

/** A frame of /v1/feed, or null for what this page does not know (a later server may send more). */
export function asFrame(text: string): Frame | null {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || typeof value["type"] !== "string") return null;
  const known = ["snapshot", "reset", "update", "conflated", "ping", "error"];
  return known.includes(value["type"]) ? (value as unknown as Frame) : null;
}

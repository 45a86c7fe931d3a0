import { asMarket, asReading, type Market, type Reading } from "../src/wire";

export function reading(over: Partial<Reading> = {}): Reading {
  return asReading({
    market: "us", at: "2020-03-16T20:00:00Z", final: true, index: 60, percentile: 98, level: "severe", form: "ciss",
    contributions: { equity: 40, credit: 20 }, forms: { ciss: 60, rank_mean: 70 },
    change: { since: "2020-03-13T20:00:00Z", total: 10, level: { equity: 6, credit: 1 }, correlation: 3.5, composition: -0.5 },
    coverage: 1, staleness: { max_s: 3600, stale: 0 }, flags: [], version: "v", ...over,
  });
}

export function market(over: Partial<Market> = {}): Market {
  return asMarket({
    name: "us", calendar: "XNYS", period: "session", step: "period", form: "ciss",
    segments: [{ name: "equity", weight: 1, indicators: [] }, { name: "credit", weight: 1, indicators: [] }], ...over,
  });
}

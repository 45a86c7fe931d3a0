/** Sentences about the future and the unusual. Pure: what is said depends on the arguments only. */

import { age, fixed, title } from "../format";
import { closesAt, periodWord } from "../words";
import type { Details, Market, Reading } from "../wire";
import type { Drift, Forecast, Regime } from "./wire";

const several = (n: number, word: string): string => `${n.toLocaleString("en")} ${n === 1 ? word : `${word}s`}`;

/** A share in per cent; what rounds to all or nothing says that it is not quite. */
export function share(value: number, decimals = 0): string {
  const least = 10 ** -decimals;
  const percent = value * 100;
  if (value > 0 && percent < least) return `under ${least.toFixed(decimals)} %`;
  if (value < 1 && 100 - percent < least) return `over ${(100 - least).toFixed(decimals)} %`;
  return `${percent.toFixed(decimals)} %`;
}

/** When the forecast is for: `at the next close`, `in 15 min`, `in 5 sessions`. */
export function horizonWords(market: Market, periods: number): string {
  if (market.period === "session") return periods === 1 ? "at the next close" : `in ${periods} sessions`;
  return `in ${age((market.period / 1_000_000) * periods)}`;
}

/** Time (ms) that a forecast of now is for: the end of the period where it is known, else so many periods later. */
export function targetOf(reading: Reading, market: Market, periods: number): number {
  const at = Date.parse(reading.at);
  const period = market.period === "session" ? 86_400_000 : market.period / 1000;
  const close = reading.final ? at : closesAt(reading, market) ?? at;
  return close + periods * period;
}

/** `At the next close 15.1 to 16.6, nine times in ten; 15.7 in the middle`; empty where nothing is forecast. */
export function nextWords(reading: Reading, market: Market, periods: number): string {
  const quantiles = reading.forecast;
  if (quantiles === undefined) return "";
  if (quantiles === null) return "No forecast yet: too little is known";
  const when = horizonWords(market, periods);
  return `${when.charAt(0).toUpperCase()}${when.slice(1)} ${fixed(quantiles[0])} to ${fixed(quantiles[4])}, nine times in ten; ${fixed(quantiles[2])} in the middle`;
}

/** How often such intervals have held, with what they were to hold. */
export function recordWords(forecast: Forecast | undefined): string {
  const row = forecast?.coverage.find((c) => c.nominal === 0.9);
  if (forecast === undefined || row === undefined || row.overall === null) return "";
  const stress = row.stress === null ? "" : `, ${share(row.stress, 1)} in stress`;
  return `Such intervals held ${share(row.overall, 1)} of ${several(forecast.labels[0] ?? 0, "outcome")}${stress}`;
}

/** `1.1 % better`, `0.4 % worse`, `as good`, or that it is not known yet. */
export function skillWords(skill: number | null): string {
  if (skill === null) return "not known yet";
  const percent = Math.abs(skill * 100).toFixed(1);
  return percent === "0.0" ? "as good" : `${percent} % ${skill > 0 ? "better" : "worse"}`;
}

/** Skill against one of the experts: both are against persistence on the same occasions, so its loss cancels. */
export function against(forecast: Forecast | undefined, expert: string): number | null {
  const theirs = forecast?.experts.find((row) => row.name === expert)?.skill ?? null;
  if (forecast === undefined || forecast.skill === null || theirs === null || theirs >= 1) return null;
  return 1 - (1 - forecast.skill) / (1 - theirs);
}

/** `Calm for 30 days: over 99 % likely; tense under 1 %, stress under 1 %`. */
export function regimeWords(regime: Regime, market: Market): string {
  if (regime.name === "unknown") return "Not known yet: the index has too little past";
  const own = regime.probabilities[regime.name] ?? 0;
  const others = Object.entries(regime.probabilities).filter(([name]) => name !== regime.name);
  const rest = others.map(([name, p]) => `${name} ${share(p)}`).join(", ");
  return `${title(regime.name)} for ${several(regime.dwell, periodWord(market))}: ${share(own)} likely; ${rest}`;
}

/** For the first screen: regime of now, how long it has lasted as of the last final, and what is unusual. */
export function conditionWords(reading: Reading, details: Details | null, market: Market): string {
  if (reading.regime === undefined || reading.regime === "unknown") return "";
  const lasts = details?.regime?.name === reading.regime ? ` for ${several(details.regime.dwell, periodWord(market))}` : "";
  const rare = typeof reading.anomaly === "number" && reading.anomaly <= 0.05 ? ` ${anomalyWords(reading.anomaly, market)}.` : "";
  return `Regime: ${reading.regime}${lasts}.${rare}`;
}

/** What a tail probability means: `1 in 250 days is as unusual`. */
export function anomalyWords(probability: number | null | undefined, market: Market): string {
  if (probability === undefined) return "";
  if (probability === null) return "Not known yet: warming up";
  const words = periodWord(market);
  const of = words.startsWith("period") ? "periods" : `${words}s`;
  if (probability > 0.05) return `Nothing unusual: ${share(probability)} of ${of} are at least as unusual`;
  const one = `1 in ${Math.round(1 / Math.max(probability, 1e-6)).toLocaleString("en")} ${of} is at least as unusual`;
  return probability > 0.01 ? `Somewhat unusual: ${one}` : `Unusual: ${one}`;
}

/** Whether forecast errors are what they were: `No change of the errors for 51 outcomes; ...`. */
export function changeWords(regime: Regime): string {
  const run = regime.run >= 399 ? "399 outcomes or more" : several(regime.run, "outcome");
  return `Forecast errors have been alike for ${run}; a change within the last 5 is ${share(regime.change)} likely`;
}

/** What the detectors of drift have found. */
export function driftWords(drift: Drift): string {
  const total = Object.values(drift.counts).reduce((sum, count) => sum + count, 0);
  if (drift.found.length > 0) return `Drift found at the last outcome by ${drift.found.join(" and ").replaceAll("_", "-")}`;
  if (total === 0) return "No drift found so far";
  return `Drift was last found ${several(drift.since, "outcome")} ago, ${several(total, "time")} in all`;
}

const NAMES: Record<string, string> = {
  persistence: "As now", har: "HAR", har_log: "HAR of logs", lstm: "LSTM", transformer: "Transformer",
  river_sgd: "Gradient descent", river_pa: "Passive-aggressive", river_bayes: "Bayesian", river_quantile: "Quantile regression",
};

/** What an expert is called. */
export function expertName(name: string): string {
  return NAMES[name] ?? title(name);
}

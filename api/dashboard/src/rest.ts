/** The REST side of the API. Errors are RFC 9457 problems; their request id is kept for the person who asks. */

import { asScores, type ScoreColumns } from "./scores/wire";
import { asAttribution, asMarket, asReading, isObject, type Attribution, type Market, type Reading } from "./wire";

export class Problem extends Error {
  constructor(readonly status: number, override readonly message: string, readonly requestId: string | null) {
    super(message);
  }
}

export function problem(status: number, body: unknown, requestId: string | null): Problem {
  const said = isObject(body) ? body : {};
  const text = [said["title"], said["detail"]].filter((t): t is string => typeof t === "string").join(": ");
  const id = typeof said["request_id"] === "string" ? said["request_id"] : requestId;
  return new Problem(status, text || `The API answered ${status}`, id);
}

async function get(path: string, signal?: AbortSignal): Promise<unknown> {
  const answer = await fetch(path, { headers: { accept: "application/json" }, ...(signal ? { signal } : {}) });
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw problem(answer.status, body, answer.headers.get("x-request-id"));
  return body;
}

const root = "/v1/markets";
const of = (market: string): string => `${root}/${encodeURIComponent(market).replaceAll("%7E", "~").replaceAll("%40", "@")}`;

/** Paths, for the page's own use and for the curl lines that it hands out. */
export const paths = {
  markets: root,
  latest: (market: string) => `${of(market)}/latest`,
  finals: (market: string) => `${of(market)}/readings?final=true&limit=5000&format=json`,
  fine: (market: string, from: string, every: string) => `${of(market)}/readings?from=${from}&every=${every}&limit=5000&format=json`,
  contributions: (market: string) => `${of(market)}/contributions`,
  attribution: (market: string, from: string, to: string) => `${of(market)}/attribution?from=${from}&to=${to}`,
  forecast: (market: string) => `${of(market)}/forecast`,
  regime: (market: string) => `${of(market)}/regime`,
  scores: (market: string, every: string | null) => `${of(market)}/scores?limit=1000${every === null ? "" : `&every=${every}`}`,
  correlations: (market: string) => `${of(market)}/correlations`,
};

/** The line that gives the same numbers in a terminal. */
export function curl(path: string, origin: string): string {
  return `curl -s '${origin}${path}'`;
}

function list(body: unknown, key: string): unknown[] {
  if (Array.isArray(body)) return body;
  return isObject(body) && Array.isArray(body[key]) ? body[key] : [];
}

export async function markets(): Promise<Market[]> {
  return list(await get(paths.markets), "markets").map(asMarket);
}

/** The newest reading of any kind, or null before the first. */
export async function latest(market: string): Promise<Reading | null> {
  const body = await get(paths.latest(market));
  return isObject(body) && isObject(body["reading"]) ? asReading(body["reading"]) : null;
}

/** Why the index moved between two finals. */
export async function attribution(path: string, signal: AbortSignal): Promise<Attribution> {
  return asAttribution(await get(path, signal));
}

/** Scores over time. */
export async function scores(path: string, signal: AbortSignal): Promise<ScoreColumns> {
  return asScores(await get(path, signal));
}

/** Readings of all pages, oldest first. */
export async function readings(path: string, signal: AbortSignal, most = 60_000): Promise<Reading[]> {
  const found: Reading[] = [];
  let next: string | null = path;
  while (next !== null && found.length < most) {
    const body: unknown = await get(next, signal);
    found.push(...list(body, "readings").map(asReading));
    const cursor: unknown = isObject(body) ? body["next"] : null;
    next = typeof cursor === "string" && cursor !== "" ? `${path}&cursor=${encodeURIComponent(cursor)}` : null;
  }
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

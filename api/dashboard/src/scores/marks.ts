/** Moments worth a mark on a chart over time: a model was swapped, drift was found, forecast errors changed. */

import type { Columns } from "../series";
import type { Details } from "../wire";
import type { ScoreColumns } from "./wire";

export interface Mark {
  /** Seconds since 1970. */
  at: number;
  kind: "model" | "drift" | "change";
  words: string;
}

/** Where the version in force of some model differs from the one before; the first one counts. */
export function swaps(columns: Columns): Mark[] {
  const marks: Mark[] = [];
  let before: Record<string, string> = {};
  columns.models.forEach((models, i) => {
    if (models === before || models === null) return;
    for (const name in models) {
      if (models[name] !== before[name]) marks.push({ at: columns.seconds[i] as number, kind: "model", words: `${name} ${models[name]}` });
    }
    before = models;
  });
  return marks;
}

/** Where more drift had been found than before. */
export function drifts(scores: Readonly<ScoreColumns>): Mark[] {
  return scores.at.flatMap((at, i) => {
    const grew = i > 0 && (scores.drifts[i] as number) > (scores.drifts[i - 1] as number);
    return grew ? [{ at: Date.parse(at) / 1000, kind: "drift" as const, words: "drift" }] : [];
  });
}

/** Where a change of forecast errors became more likely than not. */
export function changes(scores: Readonly<ScoreColumns>): Mark[] {
  return scores.at.flatMap((at, i) => {
    const crossed = i > 0 && (scores.change[i] ?? 0) >= 0.5 && (scores.change[i - 1] ?? 0) < 0.5;
    return crossed ? [{ at: Date.parse(at) / 1000, kind: "change" as const, words: "change" }] : [];
  });
}

/** The last drift and the last change that the newest details tell of, counted back over finals with an index. */
export function lastOnes(columns: Columns, details: Details | null): Mark[] {
  if (details === null) return [];
  const until = Date.parse(details.at) / 1000;
  const finals = columns.seconds.filter((at, i) => columns.final[i] === true && columns.index[i] !== null && at <= until);
  const back = (labels: number, kind: Mark["kind"]): Mark[] => {
    const at = finals[finals.length - 1 - labels];
    return at === undefined ? [] : [{ at, kind, words: kind }];
  };
  const found = Object.values(details.drift?.counts ?? {}).some((count) => count > 0);
  return [
    ...(details.drift !== undefined && found ? back(details.drift.since, "drift") : []),
    ...(details.regime !== undefined && details.regime.run < 399 ? back(details.regime.run, "change") : []),
  ];
}

/** Marks in order of time, those of a kind at least `apart` seconds from the one before. */
export function merged(lists: readonly Mark[][], apart: number): Mark[] {
  const last: Record<string, number> = {};
  return lists.flat().sort((a, b) => a.at - b.at).filter((mark) => {
    const key = `${mark.kind} ${mark.words}`;
    const near = mark.at - (last[key] ?? -Infinity) < apart;
    if (!near) last[key] = mark.at;
    return !near;
  });
}

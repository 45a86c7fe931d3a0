/** What readings and details say of the future and of the unusual, as schemas/scores.py writes it. */

export interface ExpertRow {
  name: string;
  weight: number;
  skill: number | null;
  quantiles: number[] | null;
}

export interface CoverageRow {
  nominal: number;
  overall: number | null;
  stress: number | null;
}

export interface Forecast {
  periods: number;
  levels: number[];
  quantiles: number[] | null;
  skill: number | null;
  coverage: CoverageRow[];
  labels: number[];
  experts: ExpertRow[];
}

export interface Regime {
  name: string;
  dwell: number;
  probabilities: Record<string, number>;
  change: number;
  run: number;
}

export interface Anomaly {
  probability: number | null;
  trees: number | null;
  turbulence: number | null;
}

export interface Drift {
  found: string[];
  counts: Record<string, number>;
  since: number;
  retrain: string | null;
}

/** Levels of the quantiles that readings carry. */
export const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Scores over time as /scores gives them: columns of equal length. */
export interface ScoreColumns {
  periods: number | null;
  at: string[];
  skill: (number | null)[];
  weights: Record<string, (number | null)[]>;
  change: (number | null)[];
  drifts: number[];
}

/** The columns, or a TypeError naming the field that is missing. */
export function asScores(value: unknown): ScoreColumns {
  const columns = value as ScoreColumns;
  for (const field of ["at", "skill", "change", "drifts"] as const) {
    if (!Array.isArray(columns?.[field])) throw new TypeError(`scores without a usable "${field}"`);
  }
  if (typeof columns.weights !== "object" || columns.weights === null) throw new TypeError('scores without a usable "weights"');
  return columns;
}

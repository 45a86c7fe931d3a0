/** Stacked areas that stay exact when a part is negative: positive parts go up from zero, negative parts down. */

export interface Stack {
  /** Per part, lower and upper edge at every time; null where the total is unknown. */
  low: (number | null)[][];
  high: (number | null)[][];
  min: number;
  max: number;
}

/** Edges of every part, in the order given. */
export function stack(parts: readonly (readonly (number | null)[])[], length: number): Stack {
  const up = new Float64Array(length);
  const down = new Float64Array(length);
  const low: (number | null)[][] = [];
  const high: (number | null)[][] = [];
  for (const part of parts) {
    const lower: (number | null)[] = new Array(length).fill(null);
    const upper: (number | null)[] = new Array(length).fill(null);
    for (let i = 0; i < length; i++) {
      const value = part[i];
      if (value === null || value === undefined) continue;
      const base = value >= 0 ? up : down;
      const from = base[i] as number;
      base[i] = from + value;
      lower[i] = Math.min(from, from + value);
      upper[i] = Math.max(from, from + value);
    }
    low.push(lower);
    high.push(upper);
  }
  return { low, high, min: down.reduce((a, b) => Math.min(a, b), 0), max: up.reduce((a, b) => Math.max(a, b), 0) };
}

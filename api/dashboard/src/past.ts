/** The distribution of the past behind the number of today. */

/** Percentiles (0..1) at which the index is called normal, elevated, high and severe. */
export const LEVELS = [0.5, 0.75, 0.9, 0.975] as const;

/** Counts of values 0..100 in equal bins; 100 belongs to the last. */
export function histogram(values: readonly (number | null)[], bins: number): number[] {
  const counts: number[] = new Array(bins).fill(0);
  for (const value of values) {
    if (value === null || value < 0 || value > 100) continue;
    const i = Math.min(bins - 1, Math.floor((value / 100) * bins));
    counts[i] = (counts[i] as number) + 1;
  }
  return counts;
}

/** Quantiles (0..1) of the values that are known, by linear interpolation; empty where nothing is known. */
export function quantiles(values: readonly (number | null)[], at: readonly number[]): number[] {
  const sorted = values.filter((v): v is number => v !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return [];
  return at.map((q) => {
    const place = q * (sorted.length - 1);
    const low = Math.floor(place);
    const left = sorted[low] as number;
    const right = sorted[Math.min(low + 1, sorted.length - 1)] as number;
    return left + (right - left) * (place - low);
  });
}

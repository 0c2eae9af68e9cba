/** @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Ratios of the values of each round. The pairs were measured in the same minute. */
export const ratiosOf = (ours: readonly number[], beside: readonly number[]): number[] =>
  ours.flatMap((value, round) => {
    const other = beside[round];
    return other === undefined ? [] : [value / other];
  });

/** Shares of a latency curve that the report draws. */
const curveShares = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/** The latency at each share of the requests: what the report draws of thousands of values. */
export const curveOf = (values: readonly number[]): { share: number; value: number }[] =>
  curveShares.map((share) => ({ share, value: percentile(values, share) }));

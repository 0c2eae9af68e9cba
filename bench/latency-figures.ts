import type { Figure } from './figure.ts';
import { curveOf, percentile } from './statistics.ts';

interface Latencies {
  /** The id of each figure begins with it, and ends with `-p` and the percentile. */
  id: string;
  title: string;
  /** In ms, by round. */
  ours: number[][];
  beside: { name: string; rounds: number[][] };
  percentiles: readonly number[];
}

/** A figure for each percentile; the last one draws the curves. */
export function latencyFigures({ id, title, ours, beside, percentiles }: Latencies): Figure[] {
  const { name, rounds } = beside;
  const curves = [
    { name: 'ours', points: curveOf(ours.flat()) },
    { name, points: curveOf(rounds.flat()) },
  ];
  return percentiles.map((percent, at) => {
    const valuesOf = (of: number[][]) => of.map((values) => percentile(values, percent / 100));
    return {
      id: `${id}-p${percent}`,
      title: `${title}, p${percent}`,
      unit: 'ms',
      ours: valuesOf(ours),
      beside: { name, values: valuesOf(rounds) },
      ...(at === percentiles.length - 1 && { curves }),
    };
  });
}

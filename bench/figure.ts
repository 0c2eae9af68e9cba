/** What a figure is measured in. */
export type Unit = 'µs' | 'ms' | 's' | 'KB' | 'MB' | 'MB/s' | 'requests/s';

export interface Measured {
  name: string;
  /** One value of each round, in the order of the rounds. */
  values: number[];
}

/** Latencies of all rounds, reduced to what a plot shows. */
export interface Curve {
  name: string;
  points: { share: number; value: number }[];
}

/** One line of the report. */
export interface Figure {
  /** Names its budget, if it has one. */
  id: string;
  title: string;
  unit: Unit;
  ours: number[];
  /** What is not ours, measured in the same rounds. */
  beside?: Measured;
  /** What a reader must know to interpret it. */
  note?: string;
  curves?: Curve[];
}

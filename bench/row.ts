import type { Figure } from './figure.ts';
import type { Load } from './load/start-load.ts';
import type { NodeCommand } from './run/start-program.ts';
import type { OnClose } from './run/stop-after.ts';

/** What a row gets to measure with. */
export interface Bench {
  load: Load;
  rounds: number;
  /** Reduces counts and durations for a run that only shows that everything works. */
  scaled(full: number): number;
  /** Node with the flags of a profile, if the configuration has any. */
  node: NodeCommand;
  /** An empty directory, removed when the row ends. */
  directory: string;
  /** Registers what to stop when the row ends; the last one is stopped first. */
  onClose: OnClose;
}

/** A part of the bench that can run by itself. */
export interface Row {
  /** As in `BENCH=name`. */
  name: string;
  about: string;
  measure(bench: Bench): Promise<Figure[]>;
}

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { startLoad } from '../load/start-load.ts';
import type { Row } from '../row.ts';

interface Extent {
  rounds: number;
  scale: number;
  /** Gets a directory for the row. */
  parent: string;
}

/** Measures a row, and stops everything that it started. */
export async function measureRow(row: Row, { rounds, scale, parent }: Extent): Promise<Figure[]> {
  const directory = join(parent, row.name);
  mkdirSync(directory);
  const started: { stop(): Promise<unknown> }[] = [];
  const onClose = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const load = onClose(startLoad());
    const scaled = (full: number) => full * scale;
    return await row.measure({ load, rounds, scaled, directory, onClose });
  } finally {
    for (const one of started.toReversed()) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

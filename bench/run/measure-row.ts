import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { startLoad } from '../load/start-load.ts';
import type { Row } from '../row.ts';
import { plainNode } from './start-program.ts';
import { stopAfter } from './stop-after.ts';

interface Extent {
  rounds: number;
  scale: number;
  nodeFlags: readonly string[];
  /** Gets a directory for the row. */
  parent: string;
}

/** Measures a row, and stops everything that it started. */
export async function measureRow(
  row: Row,
  { rounds, scale, nodeFlags, parent }: Extent,
): Promise<Figure[]> {
  const directory = join(parent, row.name);
  mkdirSync(directory);
  const scaled = (full: number) => full * scale;
  const node = [...plainNode, ...nodeFlags] as const;
  try {
    return await stopAfter((onClose) => {
      const load = onClose(startLoad());
      return row.measure({ load, rounds, scaled, node, directory, onClose });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { startLoad } from '../load/start-load.ts';
import type { Row } from '../row.ts';

interface Extent {
  rounds: number;
  scale: number;
}

/** Measures a row, and stops everything that it started. */
export async function measureRow(row: Row, { rounds, scale }: Extent): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'steppe-bench-'));
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

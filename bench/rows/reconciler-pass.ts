import type { Figure } from '../figure.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { openReconciledTable } from '../subjects/reconciled-table.ts';

/** So few that each shard fits into one query. */
const sizes = [500, 2000];

export const reconcilerPass: Row = {
  name: 'reconciler-pass',
  about: 'a pass of the reconciler over live sessions that need nothing',
  async measure(bench) {
    const table = await openReconciledTable(bench);
    const figures: Figure[] = [];
    let rows = 0;
    for (const size of sizes.map((full) => Math.ceil(bench.scaled(full)))) {
      await table.add(size - rows);
      rows = size;
      const targets = { ours: () => timed(table.pass), beside: () => timed(table.query) };
      await alternate(1, targets);
      const { ours, beside } = await alternate(bench.rounds, targets);
      figures.push({
        id: `reconciler-pass-${size}`,
        title: `reconciler pass, ${size} sessions`,
        unit: 'ms',
        ours,
        beside: { name: 'the same rows through the SDK', values: beside },
        note: 'most of both is the emulator of DynamoDB, which runs in the same process',
      });
    }
    return figures;
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

import { readFileSync, statSync } from 'node:fs';
import type { LoadRequest } from '../load/load-spec.ts';
import type { Bench, Row } from '../row.ts';
import { allocatedBytes, tracingNode } from '../run/allocated-bytes.ts';
import { alternate } from '../run/alternate.ts';
import { type Forwarder, openHop, stepRequest } from '../subjects/hop.ts';

const connections = 64;
/** Not shortened by SCALE: a shorter one would see too few collections. */
const seconds = 3;

export const allocation: Row = {
  name: 'allocation',
  about: 'what a forwarded step allocates on the heap of V8',
  async measure(bench) {
    const hop = await openHop(bench, { node: tracingNode });
    const request = stepRequest(hop.authorization);
    const targets = {
      ours: () => kilobytesPerStep(bench, hop.ours, request),
      bare: () => kilobytesPerStep(bench, hop.bare, request),
    };
    await alternate(1, targets);
    const { ours, bare } = await alternate(bench.rounds, targets);
    return [
      {
        id: 'allocation',
        title: 'allocated by a forwarded step',
        unit: 'KB',
        ours,
        beside: { name: 'bare proxy', values: bare },
        note: 'growth of the heap between collections, by --trace-gc',
      },
    ];
  },
};

async function kilobytesPerStep(
  { load }: Bench,
  { port, logFile }: Forwarder & { logFile: string },
  request: LoadRequest,
): Promise<number> {
  const { size: before } = statSync(logFile);
  const result = await load.run({
    kind: 'closed',
    port,
    requests: [request],
    connections,
    until: { seconds: seconds },
  });
  const trace = readFileSync(logFile).subarray(before).toString();
  const allocated = allocatedBytes(trace);
  if (!allocated) throw new Error('too few collections: measure for longer');
  const perSecond = result.latenciesMs.length / result.seconds;
  return allocated.bytes / (perSecond * allocated.seconds) / 1024;
}

import { childrenOf } from '../run/process-tree.ts';
import { until } from '../run/until.ts';
import type { Services } from './services.ts';

/** The built-in runtimes that have a pool. */
const pooledRuntimes = ['python', 'node'];

/** Waits until every warm instance is ready, and no other instance runs. */
export const untilPoolIsFull = ({ controlPlane }: Services, poolSize: number): Promise<void> =>
  until(async () => {
    const response = await fetch(`http://127.0.0.1:${controlPlane.operatorPort}/metrics`);
    const metrics = await response.text();
    for (const runtime of pooledRuntimes) {
      const ready = new RegExp(
        `^steppe_pool_instances{[^}]*runtime="${runtime}"[^}]*} (\\d+)$`,
        'm',
      );
      const count = Number(ready.exec(metrics)?.[1]);
      if (count !== poolSize) throw new Error(`${count} instances of ${runtime} are ready`);
    }
    const running = childrenOf(controlPlane.pid).length;
    if (running !== poolSize * pooledRuntimes.length) throw new Error(`${running} instances run`);
  });

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceId } from '@steppe/contracts/ids';
import { readEntry } from './instance-entry.ts';
import { rootOf } from './instances-directory.ts';
import { isAlive, signalProcess } from './process-identity.ts';
import { isOrphaned, reapInstance } from './reap-instance.ts';
import { writeTerminationRequest } from './termination-request.ts';

const lookEveryMs = 20;
/** What its starter may need to see the exit and to remove the directory. */
const reapTimeoutMs = 15_000;

/**
 * Ends an instance that another control-plane started, or one that is still starting: SIGTERM,
 * SIGKILL after the grace. Resolves when its directory is gone.
 * @throws Error where that does not happen.
 */
export async function terminateForeign(
  instances: string,
  instanceId: InstanceId,
  graceMs: number,
): Promise<void> {
  const root = rootOf(instances, instanceId);
  const begunAt = performance.now();
  await writeTerminationRequest(root, 'deleted');
  const requested = new Set<NodeJS.Signals>();
  while (existsSync(root)) {
    const waitedMs = performance.now() - begunAt;
    if (waitedMs > graceMs + reapTimeoutMs) throw new Error(`${instanceId} does not go away`);
    const entry = readEntry(root);
    if (entry && isOrphaned(entry)) return reapInstance(instances, entry);
    const signal = waitedMs > graceMs ? 'SIGKILL' : 'SIGTERM';
    if (entry?.agent && !requested.has(signal) && isAlive(entry.agent)) {
      requested.add(signal);
      signalProcess(entry.agent.pid, signal);
    }
    await delay(lookEveryMs);
  }
}

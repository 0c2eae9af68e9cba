import type { InstanceEnd } from '../session-provisioner.ts';
import { instanceDirectory, removeTree } from './instance-directory.ts';
import { type InstanceEntry, isLiving, sessionOf } from './instance-entry.ts';
import { rootOf } from './instances-directory.ts';
import { keepEnd } from './kept-ends.ts';
import { isAlive } from './process-identity.ts';
import { type End, readTerminationMessage } from './read-termination.ts';
import { readTerminationRequest } from './termination-request.ts';

/**
 * Whether nobody is left to remove what the instance leaves: its starter does it otherwise, and an
 * agent that outlives that.
 */
export const isOrphaned = (entry: InstanceEntry): boolean =>
  !isAlive(entry.starter) && !isLiving(entry);

/**
 * Removes what an orphaned instance left, and keeps its end. Harmless where several do it at once.
 */
export async function reapInstance(instances: string, entry: InstanceEntry): Promise<void> {
  const root = rootOf(instances, entry.instanceId);
  const told =
    (await readTerminationMessage(instanceDirectory(root).terminationFile)) ??
    nodeLostUnless(await readTerminationRequest(root));
  if (entry.address) await keepEnd(instances, toEnd(entry, told));
  await removeTree(root);
}

/** The end of an instance whose starter died, and which left nothing. */
export const nodeLostEnd = (entry: Pick<InstanceEntry, 'instanceId' | 'owner'>): InstanceEnd =>
  toEnd(entry, nodeLostUnless(undefined));

const nodeLostUnless = (requested: End | undefined): End =>
  requested ?? { reason: 'node_lost', detail: 'its control-plane is gone' };

function toEnd(entry: Pick<InstanceEntry, 'instanceId' | 'owner'>, how: End): InstanceEnd {
  const sessionId = sessionOf(entry);
  return { instanceId: entry.instanceId, ...(sessionId && { sessionId }), ...how };
}

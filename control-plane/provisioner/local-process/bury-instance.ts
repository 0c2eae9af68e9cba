import type { InstanceEnd } from '../session-provisioner.ts';
import { readEndRequest } from './end-request.ts';
import { instanceDirectory, removeTree } from './instance-directory.ts';
import { type InstanceEntry, isLiving, sessionOf } from './instance-entry.ts';
import { rootOf } from './instances-directory.ts';
import { keepEnd } from './kept-ends.ts';
import { isAlive } from './process-identity.ts';
import { type End, readLastWords } from './read-end.ts';

/** Whether nobody is left to remove what the instance leaves: its starter does it otherwise, and an agent that outlives that. */
export const isOrphaned = (entry: InstanceEntry): boolean => !isAlive(entry.starter) && !isLiving(entry);

/** Removes what an orphaned instance left, and keeps its end. Harmless where several do it at once. */
export async function buryInstance(instances: string, entry: InstanceEntry): Promise<void> {
  const root = rootOf(instances, entry.instanceId);
  const told = (await readLastWords(instanceDirectory(root).terminationFile)) ?? lostWith(await readEndRequest(root));
  if (entry.address) await keepEnd(instances, toEnd(entry, told));
  await removeTree(root);
}

/** The end of an instance whose starter died, and which left nothing. */
export const lostEnd = (entry: Pick<InstanceEntry, 'instanceId' | 'owner'>): InstanceEnd => toEnd(entry, lostWith(undefined));

const lostWith = (asked: End | undefined): End =>
  asked ?? { reason: 'node_lost', detail: 'the control-plane that ran it is gone' };

function toEnd(entry: Pick<InstanceEntry, 'instanceId' | 'owner'>, how: End): InstanceEnd {
  const sessionId = sessionOf(entry);
  return { instanceId: entry.instanceId, ...(sessionId && { sessionId }), ...how };
}

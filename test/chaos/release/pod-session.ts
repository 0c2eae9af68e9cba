import { closeSync, fchmodSync, openSync, readFileSync } from 'node:fs';
import type { InstanceId } from '@steppe/contracts/ids';
import type { Session } from '@steppe/contracts/session';
import { findInstance } from '../../support/processes/instance.ts';
import type { ChaosSession } from '../chaos-cluster.ts';
import type { Run } from '../history/history.ts';
import { parseRuns } from '../history/read-runs.ts';

export interface PodSession extends ChaosSession {
  instanceId: InstanceId;
  /** What its steps have recorded, even if its pod is deleted. Can be called once. */
  readRuns(): Run[];
  closeRuns(): void;
}

/** Where the steps of every session record that they ran, in the session's own files. */
export const runsFile = '/workspace/.runs';

/**
 * Opens the file of a session's runs before its first step: an open file outlives its pod, whose
 * processes and files are those of this machine.
 * @throws Error if its agent no longer runs
 */
export function adoptPodSession({ session_id: id, instance_id: instanceId }: Session): PodSession {
  if (!instanceId) throw new Error(`${id} has no instance`);
  const { agentPid } = findInstance(instanceId);
  const file = openSync(`/proc/${agentPid}/root${runsFile}`, 'a+');
  // The session's own user writes it.
  fchmodSync(file, 0o666);
  return {
    id,
    instanceId,
    readRuns: () => parseRuns(readFileSync(file, 'utf8')),
    closeRuns: () => closeSync(file),
    close: async () => {},
  };
}

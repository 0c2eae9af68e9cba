import type { InstanceId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { InstanceEnd, SessionProvisioner } from './session-provisioner.ts';

/** Not a failure: the rejection leaves the end unacknowledged for the listeners that record it. */
const observedOnly = new Error('the end was observed and not recorded');

/**
 * Resolves with the end of an instance if the end is known and unacknowledged, or becomes known
 * within `waitMs`; otherwise with null. Never acknowledges an end.
 */
export async function findEnd(
  provisioner: Pick<SessionProvisioner, 'watch'>,
  instanceId: InstanceId,
  { clock, waitMs }: { clock: Clock; waitMs: number },
): Promise<InstanceEnd | null> {
  let known: InstanceEnd | null = null;
  let wake = () => {};
  const stop = provisioner.watch((end) => {
    if (end.instanceId === instanceId) {
      known = end;
      wake();
    }
    return Promise.reject(observedOnly);
  });
  try {
    if (known === null && waitMs > 0)
      await new Promise<void>((resolve) => {
        const cancel = clock.after(waitMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    return known;
  } finally {
    stop();
  }
}

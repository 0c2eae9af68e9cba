import type { InstanceId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { InstanceEnd, SessionProvisioner } from './session-provisioner.ts';

/** Not a failure: the end stays with those that record it. */
const observedOnly = new Error('the end was observed and not recorded');

/**
 * The end of an instance, if it is known and not acknowledged yet, or becomes known within
 * `waitMs`; else null. Never acknowledges an end.
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

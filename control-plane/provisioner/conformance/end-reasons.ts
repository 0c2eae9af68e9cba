import type { EndedReason } from '@steppe/contracts/end-reason';
import { newSessionId } from '@steppe/contracts/ids';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import type { InstanceEnd, SessionProvisioner } from '../session-provisioner.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

/** How instances end for the reasons that there are where the adapter's instances live. */
export function describeEndReasons(
  reasons: readonly EndedReason[],
  opened: () => OpenProvisioner,
): void {
  const collectEnds = (provisioner: SessionProvisioner) => {
    const ends: InstanceEnd[] = [];
    provisioner.watch((end) => ends.push(end));
    return ends;
  };

  describe('an instance whose end is', () => {
    it.each(reasons)(
      '%s ends as that for every control-plane, once, and is remembered so',
      async (reason) => {
        const { provisioner, other, runtime, endAs, bind } = opened();
        const sessionId = newSessionId();
        // Whoever was there before is not concerned.
        const bystander = await provisioner.start({
          ...requestFor(runtime),
          sessionId: newSessionId(),
        });
        const { instanceId, address } = await other.start({ ...requestFor(runtime), sessionId });
        const received = [collectEnds(provisioner), collectEnds(other)];
        expect(await bind(instanceId, address, sessionId)).toBe(200);
        await endAs(reason, { instanceId, address });
        for (const ends of received)
          await eventually(() => ends).toMatchObject([{ instanceId, sessionId, reason }]);
        const [end] = received[0] ?? [];
        expect(received[1]).toEqual([end]);
        expect(await provisioner.endOf(instanceId)).toEqual(end);
        expect(await provisioner.list()).toMatchObject([{ instanceId: bystander.instanceId }]);
      },
    );
  });
}

const requestFor = (runtime: OpenProvisioner['runtime']) => ({
  runtime,
  resources: runtime.default_resources,
  version: 'v1',
  signal: new AbortController().signal,
});

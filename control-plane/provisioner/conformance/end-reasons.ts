import type { EndedReason } from '@steppe/contracts/end-reason';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { describe, expect, it } from 'vitest';
import { collectEnds, newOwner, startRequest } from './requests.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

/** The ends for each reason that exists in the environment of the adapter. */
export function describeEndReasons(
  reasons: readonly EndedReason[],
  opened: () => OpenProvisioner,
): void {
  describe('an end with the reason', () => {
    it.each(reasons)(
      '%s is delivered once, and the other instances keep running',
      async (reason) => {
        const { provisioner, openAnother, runtime, endAs, bind } = opened();
        const starter = openAnother?.() ?? provisioner;
        const owner = newOwner();
        const bystander = await provisioner.start(startRequest(runtime));
        const { instanceId, address } = await starter.start(startRequest(runtime, { owner }));
        const received = [collectEnds(provisioner), collectEnds(starter)];
        expect(await bind(instanceId, address, owner.sessionId)).toBe(200);
        await endAs(reason, { instanceId, address });
        const { sessionId } = owner;
        for (const ends of received)
          await expectEventually(() => ends).toMatchObject([{ instanceId, sessionId, reason }]);
        expect(received[1]).toEqual(received[0]);
        expect(await provisioner.list()).toMatchObject([{ instanceId: bystander.instanceId }]);
        if (starter !== provisioner) await starter.close();
      },
    );
  });
}

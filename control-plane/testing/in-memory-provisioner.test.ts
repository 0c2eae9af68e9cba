import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { describeSessionProvisioner } from '../provisioner/conformance/session-provisioner-conformance.ts';
import { createInMemoryProvisioner } from './in-memory-provisioner.ts';
import { pythonRuntime } from './session-runtimes.ts';

const neverAborted = new AbortController().signal;
const runtime = pythonRuntime(0);
const binding = {
  tenant_id: newTenantId(),
  env: {},
  resources: runtime.default_resources,
  expires_at: '2100-01-01T00:00:00.000Z',
  idle_timeout_seconds: 900,
};

describeSessionProvisioner('instances in memory', {
  isShared: true,
  reasons: ['idle', 'expired', 'oom_killed', 'evicted', 'node_lost'],
  open: async () => {
    const inMemory = createInMemoryProvisioner(Date.now);
    const living = () => inMemory.living().map(({ instanceId }) => instanceId);
    const provisioner = inMemory.open();
    return {
      provisioner,
      openAnother: inMemory.open,
      runtime,
      bind: (instanceId, address, session_id) =>
        inMemory.agents
          .bind({ instanceId, address }, { ...binding, session_id }, neverAborted)
          .then(
            () => 200,
            () => 409,
          ),
      kill: async (instanceId) =>
        inMemory.kill(instanceId, { reason: 'crashed', detail: 'signal SIGKILL' }),
      endAs: async (reason, { instanceId }) => inMemory.kill(instanceId, { reason }),
      leftovers: async () => [
        ...living(),
        ...inMemory.unacknowledged().map(({ instanceId }) => `end of ${instanceId}`),
      ],
      dispose: async () => {
        inMemory.open().watch(async () => {});
        for (const instanceId of living()) inMemory.kill(instanceId, { reason: 'deleted' });
        await expectEventually(() => inMemory.unacknowledged()).toEqual([]);
      },
    };
  },
});

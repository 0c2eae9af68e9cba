import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { describeSessionProvisioner } from '../provisioner/conformance/session-provisioner-conformance.ts';
import { builtInRuntimes } from '../runtimes/built-in-runtimes.ts';
import { findRuntime } from '../runtimes/find-runtime.ts';
import { createInstancePlace } from './instance-place.ts';

const patient = new AbortController().signal;
const runtime = findRuntime(builtInRuntimes(0), 'python');
const binding = {
  tenant_id: newTenantId(),
  env: {},
  resources: runtime.default_resources,
  expires_at: '2100-01-01T00:00:00.000Z',
  idle_timeout_seconds: 900,
};

describeSessionProvisioner('instances in memory', {
  reasons: ['idle', 'expired', 'oom_killed', 'evicted', 'node_lost'],
  open: async () => {
    const place = createInstancePlace(Date.now);
    const living = () => place.living().map(({ instanceId }) => instanceId);
    return {
      provisioner: place.open(),
      other: place.open(),
      openAnother: place.open,
      runtime,
      bind: (instanceId, address, session_id) =>
        place.agents.bind({ instanceId, address }, { ...binding, session_id }, patient).then(
          () => 200,
          () => 409,
        ),
      kill: async (instanceId) => place.kill(instanceId, { reason: 'crashed', detail: 'signal SIGKILL' }),
      endAs: async (reason, { instanceId }) => place.kill(instanceId, { reason }),
      leftovers: async () => living(),
      dispose: async () => {
        for (const instanceId of living()) place.kill(instanceId, { reason: 'deleted' });
      },
    };
  },
});

import { describeSessionProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import { makeInternalKeys } from '@steppe/control-plane/testing/internal-keys';
import { afterAll } from 'vitest';
import type { TestNamespace } from './support/namespaces.ts';
import { openHarness } from './support/provisioner-harness.ts';
import { createSessionNamespace } from './support/session-namespace.ts';

const keys = await makeInternalKeys();
let namespace: TestNamespace | undefined;
afterAll(() => namespace?.delete());

describeSessionProvisioner('kubernetes provisioner', {
  isShared: true,
  reasons: ['idle', 'expired', 'oom_killed', 'evicted', 'node_lost'],
  open: async () => {
    namespace ??= await createSessionNamespace('provisioner', keys.publicKeys);
    return openHarness(namespace.name, keys, 'service');
  },
});

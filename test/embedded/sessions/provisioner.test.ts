import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EndedReason } from '@steppe/contracts/end-reason';
import { describeSessionProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import { toLocalRuntime } from '@steppe/control-plane/provisioner/local-process/local-runtime';
import type { Instance } from '@steppe/control-plane/provisioner/session-provisioner';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { createAgentClient } from '@steppe/control-plane/sessions/agent-client';
import { bindStatus } from '@steppe/control-plane/testing/bind-status';
import { startFakes } from '@steppe/control-plane/testing/fake-provisioner';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterAll } from 'vitest';
import { testEnvironment } from '../../support/config.ts';

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));
const interpreters = { python: 'python3', node: process.execPath };

const directory = mkdtempSync(join(tmpdir(), 'steppe-test-'));
const neverReady = join(directory, 'never-ready');
writeFileSync(neverReady, '#!/bin/sh\nexec sleep 1000\n');
chmodSync(neverReady, 0o755);
afterAll(() => rmSync(directory, { recursive: true }));

/** Makes the session reach its idle timeout or its expiry within a second. */
async function shortenLife(
  signer: InternalTokenSigner,
  instance: Instance,
  reason: EndedReason,
): Promise<void> {
  const agents = createAgentClient({ signer, ...realParts });
  const lifeMs = reason === 'expired' ? 1_000 : 3_600_000;
  const lifetime = {
    expires_at: new Date(Date.now() + lifeMs).toISOString(),
    idle_timeout_seconds: reason === 'idle' ? 1 : 900,
  };
  // On a busy machine the second may pass before the agent has responded.
  await agents
    .updateLifetime(instance, lifetime, AbortSignal.timeout(10_000))
    .catch(() => undefined);
  await agents.close();
}

for (const language of ['python', 'node'] as const) {
  const runtime = findRuntime(builtInRuntimes(0), language);
  const crashing = { ...runtime, name: 'crashing', interpreter: 'no-such-program' };
  const stuck = { ...runtime, name: 'stuck', interpreter: neverReady };
  describeSessionProvisioner(`local-process provisioner with the session-agent and ${language}`, {
    isShared: false,
    reasons: ['idle', 'expired'],
    open: async () => {
      const { provisioner, signer, leftovers, pidOf } = await startFakes({
        agentBundle: `${dist}session-agent.cjs`,
        runtimes: [runtime, crashing, stuck].map((definition) =>
          toLocalRuntime(definition, `${dist}runtimes`, interpreters),
        ),
        hostVariables: testEnvironment({}),
      });
      return {
        provisioner,
        runtime,
        crashing,
        stuck,
        bind: (instanceId, address, sessionId) =>
          bindStatus(signer, instanceId, address, sessionId),
        kill: async (instanceId) => void process.kill(await pidOf(instanceId), 'SIGKILL'),
        endAs: (reason, instance) => shortenLife(signer, instance, reason),
        leftovers,
      };
    },
  });
}

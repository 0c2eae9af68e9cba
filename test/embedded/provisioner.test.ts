import { fileURLToPath } from 'node:url';
import { describeSessionProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import { supervisorsIn } from '@steppe/control-plane/provisioner/local-process/supervisor-command';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { bindStatus } from '@steppe/control-plane/testing/bind-status';
import { startStandIns } from '@steppe/control-plane/testing/stand-in-provisioner';
import { testEnvironment } from './harness/config.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const supervisorCommand = supervisorsIn(`${dist}runtimes`, { python: 'python3', node: process.execPath });

for (const language of ['python', 'node'] as const) {
  const runtime = findRuntime(builtInRuntimes(0), language);
  describeSessionProvisioner(`local-process provisioner with the session-agent and ${language}`, {
    open: async () => {
      const { provisioner, openAnother, signer, leftovers, pidOf } = await startStandIns({
        agentBundle: `${dist}session-agent.cjs`,
        supervisorCommand,
        hostVariables: testEnvironment({}),
      });
      return {
        provisioner,
        other: openAnother(),
        openAnother,
        runtime,
        crashing: { ...runtime, interpreter: 'no-such-program' },
        bind: (instanceId, address, sessionId) => bindStatus(signer, instanceId, address, sessionId),
        kill: async (instanceId) => void process.kill(await pidOf(instanceId), 'SIGKILL'),
        leftovers,
      };
    },
  });
}

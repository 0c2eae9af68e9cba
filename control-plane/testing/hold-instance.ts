import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { behaving, startFakes } from './fake-provisioner.ts';

// Runs as a separate process: starts one instance, reports it, and waits to be killed.
const [agentBundle = '', instancesDirectory = ''] = process.argv.slice(2);
const fakes = await startFakes({ agentBundle }, instancesDirectory);
const sessionId = newSessionId();
const runtime = behaving('serve');
const { instanceId } = await fakes.provisioner.start({
  owner: { tenantId: newTenantId(), sessionId },
  runtime: runtime.name,
  resources: runtime.default_resources,
  version: 'v',
  signal: new AbortController().signal,
});
process.stdout.write(
  `${JSON.stringify({ pid: await fakes.pidOf(instanceId), instanceId, sessionId })}\n`,
);

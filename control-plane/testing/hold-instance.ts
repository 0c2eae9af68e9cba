import { newSessionId } from '@steppe/contracts/ids';
import { behaving, startFakes } from './fake-provisioner.ts';

// Run as a process of its own: starts one instance, tells of it, and waits to be killed.
const [agentBundle = '', instancesDirectory = ''] = process.argv.slice(2);
const fakes = await startFakes({ agentBundle }, instancesDirectory);
const sessionId = newSessionId();
const runtime = behaving('serve');
const { instanceId } = await fakes.provisioner.start({
  sessionId,
  runtime,
  resources: runtime.default_resources,
  version: 'v',
  signal: new AbortController().signal,
});
process.stdout.write(
  `${JSON.stringify({ pid: await fakes.pidOf(instanceId), instanceId, sessionId })}\n`,
);

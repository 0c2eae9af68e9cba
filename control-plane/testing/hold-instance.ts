import { newSessionId } from '@steppe/contracts/ids';
import { behaving, startStandIns } from './stand-in-provisioner.ts';

// Run as a process of its own: starts one instance, tells its pid and directory, and waits to be killed.
const [agentBundle = ''] = process.argv.slice(2);
const standIns = await startStandIns({ agentBundle });
const runtime = behaving('serve');
const { instanceId } = await standIns.provisioner.start({
  sessionId: newSessionId(),
  runtime,
  resources: runtime.default_resources,
  signal: new AbortController().signal,
});
const { STEPPE_WORKSPACE: workspace = '' } = await standIns.environmentOf(instanceId);
process.stdout.write(`${JSON.stringify({ pid: await standIns.pidOf(instanceId), root: workspace.replace('/workspace', '') })}\n`);

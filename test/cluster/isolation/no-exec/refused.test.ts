import { beforeAll, expect, inject, test } from 'vitest';
import { useTarget } from '../../../support/use-target.ts';
import { kubectl } from '../../harness/commands.ts';

const target = useTarget();
let pod: string;

beforeAll(async () => {
  const client = await target().newClient();
  const { instance_id } = await client.createSession();
  pod = String(instance_id).replace('ins_', 'steppe-');
});

const debug = ['--profile=restricted', '--image=busybox:1'];

test.each([
  ['exec into the agent', 'exec', ['--container', 'agent', '--', 'true']],
  ['exec into the runtime', 'exec', ['--container', 'runtime', '--', 'true']],
  ['attach to the agent', 'attach', ['--container', 'agent']],
  ['attach to the runtime', 'attach', ['--container', 'runtime']],
  ['port-forward', 'port-forward', [':8070']],
  ['an ephemeral container', 'debug', debug],
  ['one in the processes of the runtime', 'debug', [...debug, '--target=runtime']],
])('refuses even to the administrator: %s', async (_, command, args) => {
  const where = ['--namespace', inject('release').sessionsNamespace];
  const { status, stderr } = await kubectl([...where, command, pod, ...args]);
  expect(status).not.toBe(0);
  expect(stderr).toContain(
    'steppe: exec, attach, port-forward and ephemeral containers are refused',
  );
});

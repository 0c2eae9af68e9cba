import { beforeAll, expect, inject, test } from 'vitest';
import { useTarget } from '../../../support/use-target.ts';
import { kubectl, kubectlRead } from '../../harness/commands.ts';

const target = useTarget();
let sessionPod: string;
let node: string;

beforeAll(async () => {
  const client = await target().newClient();
  const { instance_id } = await client.createSession();
  const name = String(instance_id).replace('ins_', 'steppe-');
  const { sessionsNamespace } = inject('release');
  sessionPod = `${sessionsNamespace}/${name}`;
  node = await kubectlRead(sessionsNamespace, ['pod', name], '{.spec.nodeName}');
});

/** Calls the kubelet through the API server, as the administrator. */
const callKubelet = (path: string) =>
  kubectl(['create', '--raw', `/api/v1/nodes/${node}/proxy${path}`, '--filename', '/dev/null']);

test.each([
  ['run', '/runtime?cmd=id'],
  ['run', '/agent?cmd=id'],
  ['exec', '/runtime?command=id&output=1'],
  ['attach', '/runtime?output=1'],
  ['portForward', '?port=8070'],
  // Paths that the kubelet reads as the same.
  ['/run', '/runtime?cmd=id'],
  ['run/', '/runtime?cmd=id'],
  ['%72un', '/runtime?cmd=id'],
])("refuses the kubelet's %s of a session's pod even to the administrator", async (call, rest) => {
  const { status, stderr } = await callKubelet(`/${call}/${sessionPod}${rest}`);
  expect(status).not.toBe(0);
  expect(stderr).toContain('steppe: pods in the namespace of the sessions are not reached');
});

test('leaves pods of other namespaces alone', async () => {
  const { namespace } = inject('release');
  const pods = ['pod', '--selector', 'app.kubernetes.io/component=data-plane'];
  const [name, container] = (
    await kubectlRead(
      namespace,
      pods,
      '{.items[0].metadata.name} {.items[0].spec.containers[0].name}',
    )
  ).split(' ');
  const { stdout } = await callKubelet(`/run/${namespace}/${name}/${container}?cmd=id`);
  expect(stdout).toContain('uid=10001');
});

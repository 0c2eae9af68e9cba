import { beforeAll, describe, expect, inject, test } from 'vitest';
import { useTarget } from '../../../support/use-target.ts';
import { kubectl, kubectlRead } from '../../harness/commands.ts';

const target = useTarget();
let name: string;
let node: string;

beforeAll(async () => {
  const client = await target().newClient();
  const { instance_id } = await client.createSession();
  name = String(instance_id).replace('ins_', 'steppe-');
  node = await kubectlRead(inject('release').sessionsNamespace, ['pod', name], '{.spec.nodeName}');
});

/** Calls a path of the API server as the administrator. */
const call = (verb: 'get' | 'create', path: string) => {
  const body = verb === 'create' ? ['--filename', '/dev/null'] : [];
  return kubectl([verb, '--raw', `/api/v1/${path}`, ...body]);
};

const expectRefused = async (verb: 'get' | 'create', path: string) => {
  const { status, stderr } = await call(verb, path);
  expect(status).not.toBe(0);
  expect(stderr).toContain('steppe: the proxy to pods is refused');
};

describe('the administrator is refused', () => {
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
  ])("the kubelet's %s of a session's pod", async (action, rest) => {
    const pod = `${inject('release').sessionsNamespace}/${name}`;
    await expectRefused('create', `nodes/${node}/proxy/${action}/${pod}${rest}`);
  });

  test.each([
    ['pod', 'pods', ':8070/proxy/internal/state'],
    ['pod, without a path', 'pods', ':8071/proxy'],
    ['service', 'services', ':8070/proxy/internal/state'],
  ])("the proxy to a session's %s", async (_, kind, rest) => {
    const path = `namespaces/${inject('release').sessionsNamespace}/${kind}/${name}${rest}`;
    await expectRefused('get', path);
    await expectRefused('create', path);
  });
});

test('pods of other namespaces are reached through the proxy', async () => {
  const { namespace } = inject('release');
  const pods = ['pod', '--selector', 'app.kubernetes.io/component=data-plane'];
  const path = '{.items[0].metadata.name} {.items[0].spec.containers[0].name}';
  const [pod, container] = (await kubectlRead(namespace, pods, path)).split(' ');
  const ran = await call(
    'create',
    `nodes/${node}/proxy/run/${namespace}/${pod}/${container}?cmd=id`,
  );
  expect(ran.stdout).toContain('uid=10001');
  const ready = await call('get', `namespaces/${namespace}/pods/${pod}:9090/proxy/readyz`);
  expect(ready.status).toBe(0);
});

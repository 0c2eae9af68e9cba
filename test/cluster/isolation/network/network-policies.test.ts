import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../../support/api/client.ts';
import { kubectlRead } from '../../harness/commands.ts';
import { useRelease } from '../../harness/use-release.ts';
import { isExistingCluster } from '../../support/config.ts';
import { clusterTargets, resolverTarget, sessionTargets, userPort } from './cluster-targets.ts';
import { createOpenPod } from './open-pod.ts';
import { openOutsideNetwork, outside } from './outside-network.ts';
import { fromNodePod, fromSession, type Outcomes, type Probe, type Targets } from './probes.ts';
import { resolverPeers } from './resolver-peers.ts';

const release = useRelease('network');

const outsideTargets: Targets = {
  'metadata of the node': `${outside.metadata}:80`,
  internet: `${outside.internet}:80`,
  'another address of the internet': `${outside.otherInternet}:80`,
  'another resolver': `${outside.otherInternet}:53`,
};

let client: Client;
let sessionId: string;
let otherSessionId: string;
let targets: Targets;
let session: Targets;
let openPod: Awaited<ReturnType<typeof createOpenPod>>;
let closeOutside: (() => Promise<void>) | undefined;

// Outside our own cluster the tests may add no network.
beforeAll(async () => {
  if (!isExistingCluster()) closeOutside = await openOutsideNetwork();
  client = await release().newClient();
  sessionId = (await client.createSession()).session_id;
  const other = await client.createSession();
  otherSessionId = other.session_id;
  await client.run(otherSessionId, listen);
  session = await sessionTargets(release(), String(other.instance_id));
  openPod = await createOpenPod(release());
  targets = {
    ...(await clusterTargets(release())),
    ...(await resolverTarget()),
    ...(!isExistingCluster() && outsideTargets),
  };
}, 180_000);
afterAll(() => Promise.all([closeOutside?.(), openPod?.delete()]));

const listen = `
import socket, threading
server = socket.create_server(("", ${userPort}))
def accept():
    while True:
        server.accept()
threading.Thread(target=accept, daemon=True).start()
`;

/** All targets: those named are reached, and from the others comes no response. */
const expected = (all: Targets, reached: readonly string[]): Outcomes =>
  Object.fromEntries(
    Object.keys(all).map((name) => [name, reached.includes(name) ? 'reached' : 'blocked']),
  );

/** A policy takes effect some time after its pods are created. */
const expectReached = (probe: Probe, all: Targets, reached: readonly string[]) =>
  expect.poll(() => probe(all)).toEqual(expected(all, reached));

const planePod = async (component: string): Promise<Probe> => {
  const { namespace } = release();
  const pods = ['pod', '--selector', `app.kubernetes.io/component=${component}`];
  return fromNodePod(namespace, await kubectlRead(namespace, pods, '{.items[0].metadata.name}'));
};

// So that what others do not reach is there. No policy stands between a pod and itself.
test('a session reaches all of its own ports', async () => {
  const { 'service of a session': _, ...own } = session;
  await expectReached(fromSession(client, otherSessionId), own, Object.keys(own));
});

test('a pod without a policy reaches everything except the control-plane, the store and sessions', async () => {
  const closed = ['control-plane', 'local store', ...Object.keys(session)];
  const all = { ...targets, ...session };
  await expectReached(
    openPod.probe,
    all,
    Object.keys(all).filter((name) => !closed.includes(name)),
  );
});

describe.each(['data-plane', 'control-plane'])('the %s', (plane) => {
  test('reaches the agents of sessions, and none of their other ports', async () => {
    const probe = await planePod(plane);
    const others = Object.entries({ ...targets, ...session }).filter(
      ([name]) => !name.startsWith(plane),
    );
    await expectReached(probe, Object.fromEntries(others), [
      ...['agent of a session', 'service of a session', 'control-plane'],
      ...['API server', "API server's node", 'local store'],
      ...['resolver', 'another resolver'],
    ]);
  });
});

/** A control-plane that is shutting down still creates sessions, with the values of before. */
const awaitOldPlanesGone = () =>
  expect
    .poll(() =>
      kubectlRead(release().namespace, ['pods'], '{.items[*].metadata.deletionTimestamp}'),
    )
    .toBe('');

/** What a look-up and a query sent to the cluster's resolver end with. */
async function resolve(id: string): Promise<string[]> {
  const { stdout, error } = await client.run(id, lookUpWith(String(targets.resolver)));
  if (error) throw new Error(JSON.stringify(error));
  return stdout.trim().split('\n');
}

const lookUpWith = (resolver: string) => `
import socket

name = "kubernetes.default.svc.cluster.local"
try:
    print(socket.getaddrinfo(name, 443)[0][4][1])
except OSError as error:
    print(type(error).__name__)
labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
question = labels + b"\\0" + b"\\0\\1" + b"\\0\\1"
host, port = "${resolver}".split(":")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
    query.settimeout(2)
    query.sendto(b"id\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + question, (host, int(port)))
    try:
        print(query.recv(512)[:2].decode())
    except OSError as error:
        print(type(error).__name__)
`;

test('with egress closed, a session reaches nothing and resolves no name', async () => {
  await expectReached(fromSession(client, sessionId), { ...targets, ...session }, []);
  expect(await resolve(sessionId)).toEqual(['gaierror', 'TimeoutError']);
});

const internet = ['internet', 'another address of the internet', 'another resolver'];

describe.skipIf(isExistingCluster())('with egress', () => {
  test.each([
    { egress: { mode: 'internet' }, reached: [...internet, 'resolver'] },
    { egress: { mode: 'cidrs', cidrs: ['203.0.113.0/24'] }, reached: ['internet', 'resolver'] },
  ])('$egress.mode, a session reaches $reached and resolves names', async ({ egress, reached }) => {
    const dns = { peers: await resolverPeers() };
    await release().upgrade({ sessions: { egress, dns } });
    await awaitOldPlanesGone();
    const created = await client.createSession();
    const current = { ...targets, ...(await clusterTargets(release())), ...session };
    await expectReached(fromSession(client, created.session_id), current, reached);
    expect(await resolve(created.session_id)).toEqual(['443', 'id']);
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import { killRole } from '../../embedded/faults/rig/instance-processes.ts';
import type { ProxiedCluster } from '../../embedded/faults/rig/proxied-cluster.ts';
import type { ProxiedSession } from '../../embedded/faults/rig/proxied-session.ts';
import type { DynamoDbMode } from '../../embedded/faults/rig/switchable-dynamodb.ts';
import type { SocketFault } from '../../support/sockets/socket-pair.ts';
import type { TcpProxy } from '../../support/sockets/tcp-proxy.ts';
import type { Victims } from '../chaos-cluster.ts';
import { pick } from '../pick.ts';

export interface LocalVictims extends Victims<ProxiedSession> {
  cluster: ProxiedCluster;
}

/** A fault of services with a proxy on every path between them. */
export type LocalFault = (victims: LocalVictims) => Promise<boolean>;

const anySession = ({ live, random }: LocalVictims) => pick(live.all(), random);
const toReplica = ({ cluster, random }: LocalVictims) => pick(cluster.replicas, random)?.proxy;
const toAgent = (victims: LocalVictims) => anySession(victims)?.proxy;

const kill =
  (role: 'worker' | 'supervisor' | 'agent'): LocalFault =>
  async (victims) => {
    const session = anySession(victims);
    if (!session) return false;
    if (role === 'agent') victims.live.doom(session);
    return killRole(session.instanceId, role);
  };

async function killDataPlane({ cluster, random }: LocalVictims): Promise<boolean> {
  const replica = pick(cluster.replicas, random);
  await replica?.kill();
  await replica?.start();
  return replica !== undefined;
}

/** Applies `fault` to the sockets of a proxy for `lastsMs`. */
const onSockets =
  (
    choose: (victims: LocalVictims) => TcpProxy | undefined,
    fault: (random: () => number) => SocketFault,
    lastsMs: number,
  ): LocalFault =>
  async (victims) => {
    const proxy = choose(victims);
    if (!proxy?.connections()) return false;
    proxy.setFault(fault(victims.random));
    await delay(lastsMs);
    proxy.heal();
    return true;
  };

const cutNow =
  (choose: (victims: LocalVictims) => TcpProxy | undefined): LocalFault =>
  async (victims) =>
    (choose(victims)?.cut() ?? 0) > 0;

const cutSoon = (random: () => number): SocketFault => ({
  cutAfter: {
    direction: random() < 0.3 ? 'request' : 'response',
    bytes: Math.floor(random() ** 2 * 20_000),
  },
});
const stalled = (): SocketFault => ({ stalled: true });
const slow = (random: () => number): SocketFault => ({
  slow: { bytes: 1 + Math.floor(random() * 200), everyMs: 5 },
});

const refuse =
  (choose: (victims: LocalVictims) => TcpProxy | undefined, lastsMs: number): LocalFault =>
  async (victims) => {
    const proxy = choose(victims);
    await proxy?.refuse();
    await delay(lastsMs);
    await proxy?.accept();
    return proxy !== undefined;
  };

const dynamoDbThat =
  (mode: Exclude<DynamoDbMode, 'well'>): LocalFault =>
  async ({ cluster: { dynamoDb } }) => {
    const before = dynamoDb.spoiled();
    dynamoDb.setMode(mode);
    await delay(700);
    dynamoDb.setMode('well');
    return dynamoDb.spoiled() > before;
  };

async function recycleAddress(victims: LocalVictims): Promise<boolean> {
  const session = anySession(victims);
  const stranger = pick(
    victims.live.all().filter((other) => other !== session),
    victims.random,
  );
  if (!session || !stranger) return false;
  return session.move(stranger.agentPort).then(
    () => true,
    // The session ended in the meantime.
    () => false,
  );
}

const toDynamoDb = ({ cluster }: LocalVictims) => cluster.dynamoDb.proxy;

/** Faults of the processes and of the connections between them, injected one at a time. */
export const processFaults = {
  'worker killed': kill('worker'),
  'supervisor killed': kill('supervisor'),
  'agent killed': kill('agent'),
  'data-plane killed and restarted': killDataPlane,
  'client sockets cut': cutNow(toReplica),
  'client sockets cut at a byte': onSockets(toReplica, cutSoon, 200),
  'client sockets stalled': onSockets(toReplica, stalled, 300),
  'client sockets slow': onSockets(toReplica, slow, 300),
  'agent sockets cut': cutNow(toAgent),
  'agent sockets cut at a byte': onSockets(toAgent, cutSoon, 200),
  'agent sockets stalled': onSockets(toAgent, stalled, 500),
  'agent sockets slow': onSockets(toAgent, slow, 500),
  'agent refuses connections': refuse(toAgent, 250),
  'address recycled': recycleAddress,
} satisfies Record<string, LocalFault>;

/** Faults of the table, injected at the same time as the others. */
export const storeFaults = {
  'DynamoDB throttles': dynamoDbThat('throttles'),
  'DynamoDB returns garbage': dynamoDbThat('returns garbage'),
  'DynamoDB stalls': onSockets(toDynamoDb, stalled, 1_500),
  'DynamoDB out': refuse(toDynamoDb, 700),
} satisfies Record<string, LocalFault>;

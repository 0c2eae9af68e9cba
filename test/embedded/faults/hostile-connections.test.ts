import { beforeAll, describe, expect, test } from 'vitest';
import { newTenant } from '../../support/api/issuer.ts';
import { createRandom } from '../../support/random.ts';
import { hostileBytes, type LeavesAt, sendAndReset } from './rig/hostile-client.ts';
import { useCluster } from './rig/use-cluster.ts';

const cluster = useCluster();

const kinds = [
  'data-plane',
  'data-plane operator',
  'control-plane',
  'control-plane operator',
  'agent',
] as const;
type Kind = (typeof kinds)[number];
let ports: Record<Kind, number>;
/**
 * Runs a step, which needs every process that was attacked, so it fails if one of them has exited.
 */
let runStep: (code: string) => Promise<string | null>;

beforeAll(async () => {
  const { clientOf, createSession, controlPlane, replicas } = cluster();
  const portOf = (url: string) => Number(new URL(url).port);
  const client = await clientOf(newTenant());
  const session = await createSession(client);
  ports = {
    'data-plane': portOf(replicas[0].service().url),
    'data-plane operator': portOf(replicas[0].service().operatorUrl),
    'control-plane': portOf(controlPlane.url),
    'control-plane operator': portOf(controlPlane.operatorUrl),
    agent: session.agentPort,
  };
  runStep = async (code) => (await client.run(session.id, code)).stdout;
  await runStep('kept = 0');
});

async function expectAllAlive(): Promise<void> {
  const { controlPlane, replicas } = cluster();
  for (const service of [controlPlane, replicas[0].service()]) {
    expect(service.hasExited()).toBe(false);
    expect((await fetch(`${service.operatorUrl}/livez`)).status).toBe(200);
    expect(service.log().filter(({ msg }) => msg === 'connection failed')).toEqual([]);
  }
  // The memory is unchanged, so the agent is still the same process.
  expect(await runStep('kept += 1; print(kept > 0)')).toBe('True\n');
}

describe.each(kinds)('the port of the kind %s', (kind) => {
  test('survives CONNECT and a reset right after it', async () => {
    for (let count = 0; count < 20; count++) await sendAndReset(ports[kind], hostileBytes.CONNECT);
    await expectAllAlive();
  });

  test('survives a reset after every byte of a request', async () => {
    const lines = 'Host: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const post = `POST /v1/sessions HTTP/1.1\r\n${lines}5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n`;
    for (const text of [post, hostileBytes.CONNECT, hostileBytes.upgrade]) {
      for (let bytes = 0; bytes <= text.length; bytes++)
        await sendAndReset(ports[kind], text.slice(0, bytes));
    }
    await expectAllAlive();
  });
});

const seed = Date.now() % 1_000_000;
test(`thousands of random aborts, with hostile bytes of every kind, leave every process alive (seed ${seed})`, async () => {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const leavings: LeavesAt[] = ['connect', 'sent', 'sent', 'sent', 'response'];
  const texts = Object.values(hostileBytes);
  let connections = 0;
  const attack = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const text = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(texts)).join('');
      const cut = random() < 0.5 ? text.slice(0, Math.floor(random() * text.length)) : text;
      if (await sendAndReset(ports[pick(kinds)], cut, pick(leavings))) connections += 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, () => attack(150)));
  expect(connections).toBe(3_000);
  await expectAllAlive();
});

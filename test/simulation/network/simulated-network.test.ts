import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Agent, request } from 'undici';
import { expect, test } from 'vitest';
import { Kernel } from '../kernel/kernel.ts';
import { driveKernel } from '../testing/drive-kernel.ts';
import { type NetworkFaults, noNetworkFaults } from './network-faults.ts';
import { SimulatedNetwork } from './simulated-network.ts';

const address = '10.0.0.1';
const url = `http://${address}:80`;

/** A server at one address, in a process of its own. */
function openWorld(faults: Partial<NetworkFaults>, handle: RequestListener) {
  const kernel = new Kernel({ seed: 7 });
  const seen: string[] = [];
  const network = new SimulatedNetwork(kernel, {
    faults: { ...noNetworkFaults, ...faults },
    onFault: (kind) => seen.push(kind),
    resolve: (host) => host,
  });
  const server = kernel.createProcess('server');
  kernel.runAs(server, () =>
    network.networkOf(address).createServer({}, handle).listen(80, address),
  );
  const dispatcher = new Agent({ connect: network.createConnector(60_000) });
  const send = async (body: string) => {
    const response = await request(url, { method: 'POST', body, dispatcher });
    return response.body.text();
  };
  const drive = <T>(work: Promise<T>) => driveKernel(kernel, work);
  return { kernel, network, server, seen, send, drive };
}

const echo: RequestListener = (incoming, outgoing) => void incoming.pipe(outgoing);

test('carries requests to Node’s own server, whole and in order, in whatever parts', async () => {
  const { send, drive, seen } = openWorld({ split: 0.9 }, echo);
  const body = 'steppe '.repeat(100_000);
  expect(await drive(send(body))).toBe(body);
  expect(seen).toContain('network split');
});

test('takes seconds for chunks that are held up', async () => {
  const { kernel, send, drive } = openWorld({ spike: 1 }, echo);
  await drive(send('a'));
  expect(kernel.elapsedMs).toBeGreaterThan(100);
});

test('resets both ends of a connection', async () => {
  const closed: string[] = [];
  const { send, drive } = openWorld({ reset: 1 }, (incoming) => {
    incoming.on('close', () => closed.push('server'));
  });
  await expect(drive(send('a'))).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('refuses connections where nobody listens, where the process died, and by chance', async () => {
  const refused = { code: 'ECONNREFUSED' };
  const { kernel, server, drive, send } = openWorld({}, echo);
  await drive(send('a'));
  kernel.kill(server);
  await expect(drive(send('b'))).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(drive(send('c'))).rejects.toMatchObject(refused);
  const unlucky = openWorld({ refuse: 1 }, echo);
  await expect(unlucky.drive(unlucky.send('a'))).rejects.toMatchObject(refused);
});

test('gets no response from a lost machine, also where it is connected already', async () => {
  const { kernel, network, server, drive, send } = openWorld({}, echo);
  await drive(send('a'));
  network.lose(server);
  kernel.kill(server);
  const kept = send('b');
  const fresh = send('c');
  await expect(drive(fresh)).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' });
  await expect(drive(kept)).rejects.toThrow('idle');
});

test('holds what is sent during a cut, and delivers it in order after it heals', async () => {
  const { kernel, network, server, drive, send } = openWorld({}, echo);
  await drive(send('a'));
  const heal = network.cut(kernel.world, server);
  const startedMs = kernel.elapsedMs;
  kernel.schedule(5_000, kernel.world, 'heal', heal);
  expect(await drive(send('b'))).toBe('b');
  expect(kernel.elapsedMs - startedMs).toBeGreaterThanOrEqual(5_000);
});

test('makes a writer wait for a reader that does not read', async () => {
  let written = 0;
  const { drive, send } = openWorld({}, async (_, outgoing) => {
    while (outgoing.write(Buffer.alloc(64 * 1024)) && written < 1_000) written += 1;
    await once(outgoing, 'drain');
    outgoing.end();
  });
  const text = await drive(send(''));
  expect(written).toBeLessThan(1_000);
  expect(text.length).toBe(64 * 1024 * (written + 1));
});

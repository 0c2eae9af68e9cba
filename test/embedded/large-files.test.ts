import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { fileUrl } from './harness/files.ts';
import { findInstance, residentBytes } from './harness/instance.ts';
import { useLocal } from './harness/use-local.ts';

const local = useLocal();

const megabyte = 1024 * 1024;
const pieces = 200;

test('200 MB go in and out unchanged, and neither process grows with them', { timeout: 120_000 }, async () => {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  const pids = [findInstance(instanceId).agentPid, local().process.pid ?? 0];
  // A first small one, so that what is loaded once is loaded.
  await client.call('PUT', fileUrl(id, 'small'), 'x');
  const before = pids.map((pid) => residentBytes(pid));
  const most = () => Math.max(...pids.map((pid, at) => residentBytes(pid) - (before[at] ?? 0)));

  const piece = randomBytes(megabyte);
  const sent = createHash('sha256');
  let growth = 0;
  let count = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (count === pieces) return controller.close();
      count += 1;
      piece.writeUInt32BE(count);
      sent.update(piece);
      controller.enqueue(Buffer.from(piece));
      growth = Math.max(growth, most());
    },
  });
  const put = await fetch(`${client.url}${fileUrl(id, 'large')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${client.token}` },
    body,
    duplex: 'half',
  });
  expect(put.status).toBe(201);
  expect(await put.json()).toMatchObject({ size_bytes: pieces * megabyte });

  const received = createHash('sha256');
  const get = await client.call('GET', fileUrl(id, 'large'));
  expect(get.headers.get('content-length')).toBe(String(pieces * megabyte));
  for await (const chunk of get.body ?? []) {
    received.update(chunk);
    growth = Math.max(growth, most());
  }
  expect(received.digest('hex')).toBe(sent.digest('hex'));
  expect(growth).toBeLessThan(100 * megabyte);
});

test('a client that reads slowly holds the file back instead of filling memory', { timeout: 60_000 }, async () => {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  await client.run(id, `open("large", "wb").truncate(${pieces * megabyte})`);
  const pids = [findInstance(instanceId).agentPid, local().process.pid ?? 0];
  const before = pids.map((pid) => residentBytes(pid));
  const get = await client.call('GET', fileUrl(id, 'large'));
  const reader = get.body?.getReader();
  await reader?.read();
  // Another call through both processes, after which all that could be taken in has been.
  expect(await client.run(id, '6 * 7')).toMatchObject({ status: 'completed' });
  for (const [at, pid] of pids.entries()) expect(residentBytes(pid) - (before[at] ?? 0)).toBeLessThan(100 * megabyte);
  let size = 0;
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) size += next.value.length;
  expect(size).toBeGreaterThan(pieces * megabyte - 2 * megabyte);
});

import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { fileUrl } from '../../support/api/files.ts';
import { open, responseOf } from '../../support/api/raw-http.ts';
import { findInstance, residentBytes } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const megabyte = 1024 * 1024;
const pieces = 50;
const heldBack = 200 * megabyte;

test('50 MB are uploaded and downloaded unchanged, and neither process grows with the file', async () => {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  const pids = [findInstance(instanceId).agentPid, local().process.pid ?? 0];
  // A small upload first, so that lazily loaded code does not count as growth.
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

test('2 GiB and a byte are uploaded and downloaded, and neither process grows with the file', {
  timeout: 600_000,
}, async () => {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  const { workspace, agentPid } = findInstance(instanceId);
  const pids = [agentPid, local().process.pid ?? 0];
  await client.call('PUT', fileUrl(id, 'small'), 'x');
  const before = pids.map((pid) => residentBytes(pid));
  const sizeBytes = 2 * 1024 ** 3 + 1;

  const upload = open(client, 'PUT', fileUrl(id, 'huge'), { 'content-length': sizeBytes });
  const piece = Buffer.alloc(megabyte, 'huge');
  const pieces = function* () {
    for (let sent = 0; sent < sizeBytes; sent += piece.length)
      yield piece.subarray(0, sizeBytes - sent);
  };
  Readable.from(pieces()).pipe(upload);
  const put = await responseOf(upload);
  expect(put.statusCode).toBe(201);
  expect(JSON.parse((await put.toArray()).join(''))).toMatchObject({ size_bytes: sizeBytes });
  expect(statSync(join(workspace, 'huge')).size).toBe(sizeBytes);

  const download = open(client, 'GET', fileUrl(id, 'huge'));
  download.end();
  const get = await responseOf(download);
  expect(get.headers).toMatchObject({
    'content-length': String(sizeBytes),
    etag: put.headers.etag,
  });
  let received = 0;
  for await (const chunk of get) received += chunk.length;
  expect(received).toBe(sizeBytes);
  // An offset beyond 31 bits.
  const end = await client.call('GET', fileUrl(id, 'huge'), undefined, {
    range: `bytes=${sizeBytes - 5}-`,
  });
  expect(end.headers.get('content-range')).toBe(
    `bytes ${sizeBytes - 5}-${sizeBytes - 1}/${sizeBytes}`,
  );
  expect(await end.text()).toBe('hugeh');
  for (const [at, pid] of pids.entries()) {
    expect(residentBytes(pid, 'VmHWM') - (before[at] ?? 0)).toBeLessThan(100 * megabyte);
  }
});

test('a client that reads slowly slows the download down instead of filling memory', async () => {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  await client.run(id, `open("large", "wb").truncate(${heldBack})`);
  const pids = [findInstance(instanceId).agentPid, local().process.pid ?? 0];
  const before = pids.map((pid) => residentBytes(pid));
  const get = await client.call('GET', fileUrl(id, 'large'));
  const reader = get.body?.getReader();
  await reader?.read();
  // Another call through both processes: by its response, they have read all that they can buffer.
  expect(await client.run(id, '6 * 7')).toMatchObject({ status: 'completed' });
  for (const [at, pid] of pids.entries())
    expect(residentBytes(pid) - (before[at] ?? 0)).toBeLessThan(100 * megabyte);
  let size = 0;
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
    size += next.value.length;
  expect(size).toBeGreaterThan(heldBack - 2 * megabyte);
});

import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import { fileUrl, listFiles, readText } from '../../support/api/files.ts';
import { open, responseOf } from '../../support/api/raw-http.ts';
import { findInstance, openFiles } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

async function newSession() {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  return { client, id, ...findInstance(instanceId) };
}

const halves = [
  { how: 'with a Content-Length', headers: { 'content-length': 2_000_000 } },
  { how: 'in chunks', headers: { 'transfer-encoding': 'chunked' } },
];

test.each(halves)(
  'an upload $how that breaks off leaves the old file and nothing else',
  async ({ headers }) => {
    const { client, id, workspace } = await newSession();
    await client.call('PUT', fileUrl(id, 'kept.txt'), 'the old one');
    const upload = open(client, 'PUT', fileUrl(id, 'kept.txt'), headers);
    upload.write(Buffer.alloc(1_000_000, 'x'));
    const unfinished = () => readdirSync(workspace).filter((name) => name !== 'kept.txt');
    await eventually(() => {
      expect(unfinished().map((name) => statSync(join(workspace, name)).size > 0)).toEqual([true]);
    });
    expect((await listFiles(client, id)).entries).toMatchObject([{ path: 'kept.txt' }]);

    upload.destroy();
    await eventually(() => expect(unfinished()).toEqual([]));
    expect(await readText(client, id, 'kept.txt')).toBe('the old one');
    expect((await client.call('PUT', fileUrl(id, 'kept.txt'), 'the next one')).status).toBe(200);
    expect(await readText(client, id, 'kept.txt')).toBe('the next one');
  },
);

test('an upload of a new file that breaks off leaves no file', async () => {
  const { client, id, workspace } = await newSession();
  const upload = open(client, 'PUT', fileUrl(id, 'new.txt'), { 'content-length': 100 });
  upload.write('some of it');
  await eventually(() => expect(readdirSync(workspace)).toHaveLength(1));
  upload.destroy();
  await eventually(() => expect(readdirSync(workspace)).toEqual([]));
  expect((await client.call('GET', fileUrl(id, 'new.txt'))).status).toBe(404);
});

test('a download is closed when its client disconnects, and the next client is served', async () => {
  const { client, id, workspace, agentPid } = await newSession();
  const size = 64 * 1024 * 1024;
  await client.run(id, `open("large", "wb").truncate(${size})`);
  const download = open(client, 'GET', fileUrl(id, 'large'));
  download.end();
  const response = await responseOf(download);
  await new Promise((resolve) => response.once('data', resolve));
  response.pause();
  const isRead = () => openFiles(agentPid).includes(join(workspace, 'large'));
  expect(isRead()).toBe(true);
  download.destroy();
  await eventually(() => expect(isRead()).toBe(false));
  expect((await (await client.call('GET', fileUrl(id, 'large'))).arrayBuffer()).byteLength).toBe(
    size,
  );
});

test('a client that disconnects in the middle of a step’s body runs nothing', async () => {
  const { client, id } = await newSession();
  const body = JSON.stringify({ code: 'ran = True' });
  const step = open(client, 'POST', `/v1/sessions/${id}/steps`, {
    'content-type': 'application/json',
    'content-length': body.length,
  });
  await new Promise((resolve) => step.write(body.slice(0, -1), resolve));
  step.destroy();
  expect(await client.run(id, '"ran" in globals()')).toMatchObject({
    execution_count: 1,
    results: [{ 'text/plain': 'False' }],
  });
});

test('a file that shrinks while it is sent breaks off the response instead of looking complete', async () => {
  const { client, id, workspace } = await newSession();
  await client.run(id, `open("large", "wb").truncate(${64 * 1024 * 1024})`);
  const download = open(client, 'GET', fileUrl(id, 'large'));
  download.end();
  const response = await responseOf(download);
  await new Promise((resolve) => response.once('data', resolve));
  response.pause();
  truncateSync(join(workspace, 'large'), 1);
  await expect(response.toArray()).rejects.toThrow('aborted');
});

test('an upload or download counts as activity of the session as long as it continues', async () => {
  const { client, id, workspace } = await newSession();
  const lastActive = async () =>
    sessionSchema.parse(await (await client.call('GET', `/v1/sessions/${id}`)).json())
      .last_active_at ?? '';
  const becomesActive = (since: string) =>
    eventually(async () => expect((await lastActive()) > since).toBe(true));
  const upload = open(client, 'PUT', fileUrl(id, 'large'), { 'transfer-encoding': 'chunked' });
  const piece = Buffer.alloc(1_000_000);
  upload.write(piece);
  await eventually(() =>
    expect(readdirSync(workspace).map((name) => statSync(join(workspace, name)).size > 0)).toEqual([
      true,
    ]),
  );
  const begun = await lastActive();
  upload.write(piece);
  await becomesActive(begun);
  upload.end();
  expect((await responseOf(upload)).statusCode).toBe(201);

  await client.run(id, `open("large", "wb").truncate(${64 * 1024 * 1024})`);
  const download = open(client, 'GET', fileUrl(id, 'large'));
  download.end();
  const response = await responseOf(download);
  await new Promise((resolve) => response.once('data', resolve));
  response.pause();
  const held = await lastActive();
  response.resume();
  await becomesActive(held);
  download.destroy();
});

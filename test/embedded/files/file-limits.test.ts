import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, listFiles, putFile, readText } from '../../support/api/files.ts';
import { open, responseOf } from '../../support/api/raw-http.ts';
import { findInstance } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const megabyte = 1024 * 1024;
const limit = 4 * megabyte;
const local = useLocal({ STEPPE_MAX_FILE_BYTES: String(limit) });

async function newSession() {
  const client = await local().newClient();
  const { session_id: id, instance_id: instanceId } = await client.createSession();
  return { client, id, ...findInstance(instanceId) };
}

/** Sends an upload in chunks. Its response may arrive before the upload is complete. */
async function upload(
  client: Client,
  id: string,
  sizeBytes: number,
  form: 'announced' | 'chunked',
) {
  const headers =
    form === 'announced' ? { 'content-length': sizeBytes } : { 'transfer-encoding': 'chunked' };
  const request = open(client, 'PUT', fileUrl(id, 'file'), headers);
  const pieces = function* () {
    for (let sent = 0; sent < sizeBytes; sent += megabyte)
      yield Buffer.alloc(Math.min(megabyte, sizeBytes - sent), 'n');
  };
  Readable.from(pieces()).pipe(request);
  const response = await responseOf(request);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, error: JSON.parse(Buffer.concat(chunks).toString()).error };
}

const forms = ['announced', 'chunked'] as const;

describe.each(forms)('an upload, %s,', (form) => {
  test('as large as the limit is accepted, and a larger one is refused with the limit named', async () => {
    const { client, id, workspace } = await newSession();
    await putFile(client, id, 'file', 'kept');
    for (const sizeBytes of [limit + 1, 8 * limit]) {
      expect(await upload(client, id, sizeBytes, form)).toMatchObject({
        status: 413,
        error: {
          code: 'payload_too_large',
          details: { limit: 'file', max_bytes: limit },
          message: expect.stringContaining(`${limit}`),
        },
      });
      expect(await readText(client, id, 'file')).toBe('kept');
    }
    expect(readdirSync(workspace)).toEqual(['file']);
    expect(await upload(client, id, limit, form)).toMatchObject({ status: 200 });
  });
});

test('an upload that does not fit the file system gets 507, keeps the old file and frees its space', async () => {
  const { client, id, workspace, agentPid } = await newSession();
  await putFile(client, id, 'file', 'kept');
  // A file size limit makes the system refuse a write midway; this needs no small file system.
  execFileSync('prlimit', ['--pid', String(agentPid), `--fsize=${megabyte}`]);
  for (const form of forms) {
    expect(await upload(client, id, 2 * megabyte, form)).toMatchObject({
      status: 507,
      error: { code: 'no_space', retryable: false },
    });
  }
  expect(readdirSync(workspace)).toEqual(['file']);
  expect(await readText(client, id, 'file')).toBe('kept');
  expect(await upload(client, id, megabyte, 'chunked')).toMatchObject({ status: 200 });
});

const mounts: string[] = [];
afterAll(() => {
  for (const directory of mounts) execFileSync('umount', [directory]);
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!canMount())(
  'a full workspace gets 507 with a message, and accepts files again when some are deleted',
  async () => {
    const { client, id, workspace } = await newSession();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=10', 'none', workspace]);
    mounts.push(workspace);
    await putFile(client, id, 'file', 'kept');
    for (const form of forms) {
      const { status, error } = await upload(client, id, 3 * megabyte, form);
      expect(status).toBe(507);
      expect(error).toMatchObject({
        code: 'no_space',
        message: expect.stringMatching(/workspace is full; delete files/),
      });
    }
    expect(await readText(client, id, 'file')).toBe('kept');
    expect((await listFiles(client, id)).entries).toHaveLength(1);

    await putFile(client, id, 'filler', Buffer.alloc(1.5 * megabyte));
    expect(await upload(client, id, megabyte, 'chunked')).toMatchObject({ status: 507 });
    await client.call('DELETE', fileUrl(id, 'filler'));
    expect(await upload(client, id, megabyte, 'chunked')).toMatchObject({ status: 200 });
    // A file system runs out of inodes as well as bytes.
    const statuses = [];
    for (let at = 0; at < 10; at++)
      statuses.push((await client.call('PUT', fileUrl(id, `dir/${at}`), '')).status);
    expect(statuses[0]).toBe(201);
    expect(statuses.at(-1)).toBe(507);
  },
);

test.each([
  {
    what: 'a part of a file',
    header: 'content-range',
    value: 'bytes 0-3/8',
    status: 400,
    code: 'invalid_request',
  },
  {
    what: 'a compressed file',
    header: 'content-encoding',
    value: 'gzip',
    status: 415,
    code: 'unsupported_media_type',
  },
])('$what is not stored as a whole file', async ({ header, value, status, code }) => {
  const { client, id } = await newSession();
  await putFile(client, id, 'file', 'kept');
  const response = client.call('PUT', fileUrl(id, 'file'), 'part', { [header]: value });
  expect(await client.errorOf(response)).toMatchObject({ status, code });
  expect(await readText(client, id, 'file')).toBe('kept');
});

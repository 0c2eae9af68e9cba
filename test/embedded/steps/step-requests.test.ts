import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
let id: string;
beforeAll(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
});

const megabyte = 1024 * 1024;
const steps = () => `/v1/sessions/${id}/steps`;

describe('a step is refused that has', () => {
  test.each([
    { request: {}, path: 'code' },
    { request: { code: 7 }, path: 'code' },
    { request: { code: null }, path: 'code' },
    { request: { code: ['x'] }, path: 'code' },
    { request: { code: '', step_id: '' }, path: 'step_id' },
    { request: { code: '', step_id: 'a b' }, path: 'step_id' },
    { request: { code: '', step_id: '../x' }, path: 'step_id' },
    { request: { code: '', step_id: 'x'.repeat(129) }, path: 'step_id' },
    { request: { code: '', step_id: 'é' }, path: 'step_id' },
    { request: { code: '', timeout_ms: 0 }, path: 'timeout_ms' },
    { request: { code: '', timeout_ms: -1 }, path: 'timeout_ms' },
    { request: { code: '', timeout_ms: 0.5 }, path: 'timeout_ms' },
    { request: { code: '', timeout_ms: 3_600_001 }, path: 'timeout_ms' },
    { request: { code: '', timeout_ms: '1000' }, path: 'timeout_ms' },
    { request: { code: '', timeout_ms: null }, path: 'timeout_ms' },
    { request: { code: '', epoch: 0 }, path: 'epoch' },
    { request: { code: '', epoch: '1' }, path: 'epoch' },
    { request: { code: '', env: [] }, path: 'env' },
    { request: { code: '', env: 'A=1' }, path: 'env' },
    { request: { code: '', env: { A: 1 } }, path: 'env.A' },
    { request: { code: '', env: { A: null } }, path: 'env.A' },
    { request: { code: '', env: { A: 'a\0b' } }, path: 'env.A' },
    { request: { code: '', env: { '': 'x' } }, path: 'env.' },
    { request: { code: '', env: { '1A': 'x' } }, path: 'env.1A' },
    { request: { code: '', env: { 'A-B': 'x' } }, path: 'env.A-B' },
    { request: { code: '', env: { 'A=B': 'x' } }, path: 'env.A=B' },
    { request: { code: '', env: { Ä: 'x' } }, path: 'env.Ä' },
    { request: { code: '', env: { 'A\0': 'x' } }, path: 'env.A\0' },
    { request: JSON.parse('{"code":"","env":{"__proto__":"x"}}'), path: 'env.__proto__' },
    { request: { code: '', cwd: '' }, path: 'cwd' },
    { request: { code: '', cwd: 'a\0b' }, path: 'cwd' },
    { request: { code: '', cwd: 7 }, path: 'cwd' },
    { request: { code: '', wait: 'false' }, path: 'wait' },
    { request: { code: '', on_disconnect: 'stop' }, path: 'on_disconnect' },
    { request: { code: '', session_id: 'ses_0' }, path: 'session_id' },
    { request: { code: '', timeout: 5 }, path: 'timeout' },
  ])('$request', async ({ request, path }) => {
    const error = await client.errorOf(client.call('POST', steps(), request));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', retryable: false });
    expect(error.details.issues).toMatchObject([{ path }]);
  });

  test.each([
    {
      what: 'code of 1 MiB and a byte',
      request: { code: ' '.repeat(megabyte + 1) },
      limit: 'code',
      bytes: megabyte,
    },
    {
      what: 'code of 1 MiB in fewer characters',
      request: { code: `#${'é'.repeat(megabyte / 2)}` },
      limit: 'code',
      bytes: megabyte,
    },
    {
      what: 'env of 256 KiB and a byte',
      request: { code: '', env: { A: 'x'.repeat(256 * 1024) } },
      limit: 'env',
      bytes: 256 * 1024,
    },
  ])('$what', async ({ request, limit, bytes }) => {
    expect(await client.errorOf(client.call('POST', steps(), request))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      message: expect.stringContaining(`${limit} is larger than ${bytes} bytes`),
      details: { limit, max_bytes: bytes },
    });
  });

  test('several faults, and the error names all of them', async () => {
    const error = await client.errorOf(
      client.call('POST', steps(), { code: 7, timeout_ms: 0, tpyo: true }),
    );
    expect(error.details.issues).toMatchObject([
      { path: 'code' },
      { path: 'timeout_ms' },
      { path: 'tpyo' },
    ]);
  });

  test('and none of these steps runs or is remembered', async () => {
    const before = await client.run(id, '', { step_id: 'only' });
    expect(before.execution_count).toBe(1);
    const list = await (await client.call('GET', steps())).text();
    expect([...list.matchAll(/"step_id":"([^"]*)"/g)].map(([, stepId]) => stepId)).toEqual([
      'only',
    ]);
  });
});

describe('a parameter is refused that is', () => {
  test.each([
    ['GET', '/steps?limit=0'],
    ['GET', '/steps?limit=201'],
    ['GET', '/steps?limit=-1'],
    ['GET', '/steps?limit=1.5'],
    ['GET', '/steps?limit=ten'],
    ['GET', '/steps?limit='],
    ['GET', '/steps?limit=1&limit=2'],
    ['GET', '/steps?cursor='],
    ['GET', '/steps?cursor=never-was'],
    ['GET', `/steps?cursor=${'x'.repeat(1025)}`],
    ['GET', '/steps?Limit=1'],
    ['GET', '/steps?page=2'],
    ['POST', '/steps?wait=false'],
    ['GET', '/steps/only?wait=true'],
    ['GET', '/steps/only/events?after=-1'],
    ['GET', '/steps/only/events?after=x'],
    ['GET', '/steps/only/events?since=1'],
    ['POST', '/steps/only/cancel?force=true'],
    ['POST', '/restart?epoch=1'],
    ['GET', '/files?limit=0'],
    ['GET', '/files?limit=10001'],
    ['GET', '/files?recursive=yes'],
    ['GET', '/files?recursive'],
    ['GET', '/files?depth=0'],
    ['GET', '/files?depth=101'],
    ['GET', '/files?depth=all'],
    ['GET', '/files?Depth=2'],
    ['GET', '/files?path=a&path=b'],
    ['PUT', '/files/a.txt?mode=600'],
    ['GET', '/files/a.txt?download'],
    ['DELETE', '/files/a.txt?recursive=yes'],
    ['DELETE', '/files/a.txt?force=true'],
    ['PUT', '/files/dir/?parents=true'],
  ])('%s %s', async (method, path) => {
    const body = path.startsWith('/steps?wait') ? { code: 'ran = True' } : undefined;
    const error = await client.errorOf(client.call(method, `/v1/sessions/${id}${path}`, body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('malformed as Last-Event-ID', async () => {
    await client.run(id, '', { step_id: 'followed' });
    const response = client.call('GET', `${steps()}/followed/events`, undefined, {
      'last-event-id': 'x',
    });
    expect(await client.errorOf(response)).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

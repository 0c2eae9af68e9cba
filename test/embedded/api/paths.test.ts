import { operations } from '@steppe/contracts/operations';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, listFiles, putFile, readText } from '../../support/api/files.ts';
import { callRaw, errorIn } from '../../support/api/raw-http.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

describe('paths aimed at another session', () => {
  let attacker: Client;
  let own: string;
  let victim: Client;
  let other: string;
  beforeAll(async () => {
    attacker = await local().newClient();
    victim = await local().newClient();
    own = (await attacker.createSession()).session_id;
    other = (await victim.createSession()).session_id;
    await putFile(victim, other, 'secret.txt', 'the secret');
    await victim.run(other, 'secret = "the secret"', { step_id: 'secret' });
  });

  // {own} and {other} stand for the two sessions. The expected status is 404 unless given.
  const targets: { target: string; status?: number }[] = [
    { target: '/v1/sessions/{own}/../{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}/files/../../{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}/files/%2e%2e/%2e%2e/{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}/files/.%2e/%2E./{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}/files/..%2f..%2f{other}%2ffiles%2fsecret.txt', status: 400 },
    {
      target: '/v1/sessions/{own}/files/%2e%2e%2f%2e%2e%2f{other}%2ffiles%2fsecret.txt',
      status: 400,
    },
    { target: '/v1/sessions/{own}/files/%252e%252e%252f{other}%252ffiles%252fsecret.txt' },
    { target: '/v1/sessions/{own}/files/..%5c..%5c{other}%5cfiles%5csecret.txt' },
    { target: '/v1/sessions/{own}/files/..\\..\\{other}\\files\\secret.txt', status: 400 },
    { target: '/v1/sessions/{own}/files//../../{other}/files/secret.txt', status: 404 },
    { target: '/v1/sessions/{own}/files//secret.txt', status: 400 },
    { target: '/v1/sessions/{own}/files/%2f{other}', status: 400 },
    { target: '/v1/sessions/{own}/files/a%00/../../../{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}/files/secret.txt%00', status: 400 },
    { target: '/v1/sessions/{own}/files/%', status: 400 },
    { target: '/v1/sessions/{own}/files/%zz', status: 400 },
    { target: '/v1/sessions/{own}/files/%c3%28', status: 400 },
    { target: '/v1/sessions/{own}/files/%ff%fe', status: 400 },
    { target: '/v1/sessions/{own}/files?path=../../{other}/files', status: 400 },
    { target: '/v1/sessions/{own}/files?path=%2e%2e', status: 400 },
    { target: '/v1/sessions/{own}/files?path=/tmp', status: 400 },
    { target: '/v1/sessions/{own}/files?path=a%00', status: 400 },
    { target: '/v1/sessions/{own}/files?cursor=../x', status: 400 },
    { target: '/v1/sessions/{own}/steps/../../{other}/steps/secret' },
    { target: '/v1/sessions/{own}/steps/..%2f..%2f{other}%2fsteps%2fsecret' },
    { target: '/v1/sessions/{own}/steps/secret/events/../../../../{other}/steps/secret/events' },
    { target: '/v1/sessions/{own}/steps/%zz' },
    { target: '/v1/sessions/{own}%2f..%2f{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}%00{other}/files/secret.txt' },
    { target: '/v1/sessions/{own}%2ffiles%2fsecret.txt' },
    { target: '/v1/sessions/%73es_0/files/secret.txt' },
    { target: '/v1/sessions/{other}' },
    { target: '/v1/sessions/{other}/files/secret.txt' },
    { target: '/v1/sessions/{other};{own}/files/secret.txt' },
    { target: '//v1/sessions/{other}/files/secret.txt' },
    { target: '/v1//sessions/{other}/files/secret.txt' },
    { target: '/v1/sessions//{other}/files/secret.txt' },
    { target: 'http://elsewhere.example/v1/sessions/{other}/files/secret.txt', status: 400 },
    { target: 'http://127.0.0.1/v1/sessions/{own}/../{other}/files/secret.txt', status: 400 },
    { target: 'http:/v1/sessions/{other}/files/secret.txt', status: 400 },
    { target: 'v1/sessions/{other}/files/secret.txt', status: 400 },
    { target: '@elsewhere.example/v1/sessions/{other}', status: 400 },
    { target: '*', status: 400 },
  ];

  test.each(targets)('GET $target', async ({ target, status = 404 }) => {
    const response = await callRaw(
      attacker,
      'GET',
      target.replaceAll('{own}', own).replaceAll('{other}', other),
    );
    expect(response.body).not.toContain('the secret');
    expect(response.headers['content-type']).toBe('application/json');
    const error = errorIn(response);
    expect(response.headers['x-request-id']).toBe(error.request_id);
    expect(response.status).toBe(status);
    if (status === 400) expect(error.code).toBe('invalid_request');
  });

  test.each(targets.filter(({ target }) => target.includes('/files/')))(
    'PUT and DELETE $target',
    async ({ target, status = 404 }) => {
      const path = target.replaceAll('{own}', own).replaceAll('{other}', other);
      // A name with an escaped backslash or percent sign is a file in the attacker's own workspace.
      const isOwnName = /%5c|%25/.test(path);
      const put = await callRaw(attacker, 'PUT', path, {}, 'overwritten');
      expect(put.status).toBe(isOwnName ? 201 : status);
      const removed = await callRaw(attacker, 'DELETE', path);
      expect(removed.status).toBe(isOwnName ? 204 : status);
    },
  );

  test('and leave the other session unchanged', async () => {
    expect(
      (await listFiles(victim, other, '?recursive=true')).entries.map(({ path }) => path),
    ).toEqual(['secret.txt']);
    expect(await readText(victim, other, 'secret.txt')).toBe('the secret');
    expect((await listFiles(attacker, own, '?recursive=true')).entries).toEqual([]);
  });

  test('a full URL as the request target, as a proxy receives it, is refused', async () => {
    await putFile(attacker, own, 'mine.txt', 'mine');
    const response = await callRaw(attacker, 'GET', `${local().url}${fileUrl(own, 'mine.txt')}`);
    expect(response.status).toBe(400);
    expect(errorIn(response).code).toBe('invalid_request');
    expect((await attacker.call('DELETE', fileUrl(own, 'mine.txt'))).status).toBe(204);
  });
});

describe('an invalid path of the API', () => {
  test.each([
    '/',
    '/v1',
    '/v2/sessions',
    '/v1/session',
    '/v1/sessions/',
    '/v1/sessions/ses_0/',
    '/v1/sessions/ses_0/step',
    '/v1/sessions/ses_0/steps/',
    '/v1/sessions/ses_0/steps/a/b',
    '/v1/sessions/ses_0/steps/a/events/',
    '/v1/sessions/ses_0/files/',
    '/V1/SESSIONS',
    '/internal/bind',
    '/internal/state',
    '/livez',
    '/metrics',
  ])('%s returns 404', async (path) => {
    const client = await local().newClient();
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(await client.errorOf(client.call(method, path))).toMatchObject({
        status: 404,
        code: 'route_not_found',
      });
    }
  });
});

describe('a method that a path does not allow', () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
  const paths = [...new Set(Object.values(operations).map(({ path }) => path))].map((path) => {
    const known = Object.values(operations).filter((operation) => operation.path === path);
    const allowed = known.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    return { path, allowed: [...new Set<string>(allowed)].sort() };
  });

  test.each(paths)('is refused at $path', async ({ path, allowed }) => {
    const client = await local().newClient();
    const target = path
      .replace(':session_id', 'ses_0')
      .replace(':step_id', 'none')
      .replace('*', 'none.txt');
    for (const method of methods.filter((name) => !allowed.includes(name))) {
      const response = await client.call(method, target);
      expect(response.status, method).toBe(405);
      expect(response.headers.get('allow')).toBe(allowed.join(', '));
      if (method !== 'HEAD')
        expect((await client.errorOf(response)).code).toBe('method_not_allowed');
    }
  });
});

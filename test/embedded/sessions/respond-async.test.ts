import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionSchema } from '@steppe/contracts/session';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { type Local, startLocal } from '../../support/processes/local.ts';

const directory = mkdtempSync(join(tmpdir(), 'steppe-test-'));
let local: Local;
let client: Client;
beforeAll(async () => {
  const stuck = join(directory, 'stuck');
  writeFileSync(
    stuck,
    '#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.12.0; else exec sleep 1000; fi\n',
  );
  chmodSync(stuck, 0o755);
  const runtimes = join(directory, 'runtimes.json');
  writeFileSync(runtimes, JSON.stringify({ stuck: { language: 'python', interpreter: stuck } }));
  local = await startLocal({ STEPPE_RUNTIMES: runtimes });
  client = await local.newClient();
});
afterAll(async () => {
  expect(await local.stop()).toBe(0);
  rmSync(directory, { recursive: true });
});

async function createAsync(body: object) {
  const response = await client.call('POST', '/v1/sessions', body, { prefer: 'respond-async' });
  const session = sessionSchema.parse(await response.json());
  const path = `/v1/sessions/${session.session_id}`;
  expect(response.headers.get('location')).toBe(path);
  return { response, session, path };
}

test('a provisioning session is returned at once, refuses steps with 425, and can be deleted', async () => {
  const { response, session, path } = await createAsync({ runtime: 'stuck' });
  expect([response.status, response.headers.get('preference-applied')]).toEqual([
    202,
    'respond-async',
  ]);
  expect(session.state).toBe('provisioning');
  const step = await client.call('POST', `${path}/steps`, { code: '1' });
  expect([step.status, step.headers.get('retry-after')]).toEqual([
    425,
    expect.stringMatching(/^\d+$/),
  ]);
  expect(await client.errorOf(step)).toMatchObject({ code: 'session_not_ready', retryable: true });
  expect((await client.call('DELETE', path)).status).toBe(204);
  // The data-plane caches a session that is not ready for a second.
  const refusal = () => client.errorOf(client.call('POST', `${path}/steps`, { code: '1' }));
  const over = { status: 410, code: 'session_ended', details: { end_reason: 'deleted' } };
  await expect.poll(refusal, { interval: 100 }).toMatchObject(over);
});

test('a session that has become ready accepts steps', async () => {
  const { path, session } = await createAsync({});
  const state = async () =>
    sessionSchema.parse(await (await client.call('GET', path)).json()).state;
  await expect.poll(state).toBe('ready');
  expect((await client.run(session.session_id, '20 + 22')).results).toMatchObject([
    { 'text/plain': '42' },
  ]);
});

test('variables with which the interpreter cannot start fail the create, and its key is free again', async () => {
  const [body, key] = [{ runtime: 'node', env: { NODE_OPTIONS: '--bogus' } }, newStepId()];
  const words = expect.stringContaining('--bogus is not allowed in NODE_OPTIONS');
  const create = (request: object) =>
    client.call('POST', '/v1/sessions', request, { 'idempotency-key': key });
  expect(await client.errorOf(create(body))).toMatchObject({
    status: 422,
    code: 'start_failed',
    retryable: false,
    details: { end_reason: 'start_failed', end_detail: words },
  });
  expect((await create({ runtime: 'node' })).status).toBe(201);
  const { path } = await createAsync(body);
  const session = async () => (await client.call('GET', path)).json();
  await expect
    .poll(session, { interval: 50 })
    .toMatchObject({ state: 'failed', end_reason: 'start_failed', end_detail: words });
  expect(await client.errorOf(client.call('POST', `${path}/steps`, { code: '1' }))).toMatchObject({
    status: 410,
    code: 'session_ended',
    details: { end_reason: 'start_failed', end_detail: words },
  });
});

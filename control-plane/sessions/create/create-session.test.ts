import { randomUUID } from 'node:crypto';
import { createSessionSchema, sessionListSchema, sessionSchema } from '@steppe/contracts/session';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import type { SessionStore } from '@steppe/session-store/ports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SessionProvisioner } from '../../provisioner/session-provisioner.ts';
import { StartFailedError, type StartFailure } from '../../provisioner/start-failed-error.ts';
import { type Fault, failingStore } from '../../testing/failing-store.ts';
import type { Behaviour } from '../../testing/fake-provisioner.ts';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
  traces,
} from '../../testing/open-control-plane.ts';
import { claimIdempotencyKey } from './claim-idempotency-key.ts';

let fixture: TestFixture;
beforeAll(async () => {
  fixture = await openTestFixture();
});
afterAll(() => fixture.close());

/** Every test of this file ends its own sessions, or has none. */
afterEach(async () => {
  expect(await fixture.fakes.leftovers()).toEqual([]);
});

const rowsOf = async (tenantId: ReturnType<typeof newTenantId>): Promise<SessionRecord[]> =>
  (await fixture.store.listByTenant(tenantId, { limit: 200 })).sessions;

/** As a provisioner starts an instance for which there is no room. */
const waitForRoom: SessionProvisioner['start'] = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new StartFailedError('unschedulable', 'no node has room')),
    );
  });

/**
 * The outcomes of the failed creates in the metrics of this control-plane. Each must be counted
 * once.
 */
async function failuresOf({ operatorPort }: OpenControlPlane): Promise<string[]> {
  const metrics = await (await fetch(`http://127.0.0.1:${operatorPort}/metrics`)).text();
  const counts = metrics.matchAll(
    /^steppe_session_create_duration_seconds_count\{.*outcome="(?!ready")(\w+)".*\} 1$/gm,
  );
  return [...counts].map(([, outcome = '']) => outcome);
}

describe('a create that fails is rolled back and reports why', () => {
  it.each<[Behaviour, string, string]>([
    ['crash-before-ready', 'crashed', 'exit code 3: there is no interpreter'],
    ['refuse-bind', 'crashed', 'status 409'],
    ['die-on-bind', 'crashed', 'exit code 7'],
    ['second-epoch', 'crashed', 'lost its interpreter before it was bound'],
    ['never-ready', 'provisioning_timeout', 'not ready within 400 ms'],
    ['hang-bind', 'provisioning_timeout', 'not ready within 400 ms'],
  ])('if the agent does this: %s', async (runtime, reason, detail) => {
    const plane = await fixture.open(
      {},
      reason === 'provisioning_timeout' ? { provisioningMs: 400 } : {},
    );
    const [tenantId, key] = [newTenantId(), randomUUID()];
    const headers = { 'idempotency-key': key };
    const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions', {
      body: { runtime },
      headers,
    });
    const details = { end_reason: reason, end_detail: expect.stringContaining(detail) };
    expect([status, body]).toMatchObject([
      503,
      { error: { code: 'provisioning_failed', retryable: true, details } },
    ]);
    expect(await traces(fixture.store, tenantId, [key])).toEqual({
      live: [],
      states: ['failed'],
      keys: [],
    });
    expect(await rowsOf(tenantId)).toMatchObject([details]);
  });

  it.each<[string, Fault]>(
    [false, true].flatMap((done) =>
      (
        [
          ['the key is claimed', { method: 'putIdempotency', from: 1, done }],
          ['the quota is taken', { method: 'addLive', from: 1, done }],
          ['the row is made', { method: 'create', from: 1, done }],
          ['the instance is named', { method: 'update', from: 1, done }],
          ['the row is made ready', { method: 'update', from: 2, done }],
        ] satisfies [string, Fault][]
      ).map(([stage, fault]): [string, Fault] => [
        `${stage}${done ? ', its response lost' : ''}`,
        fault,
      ]),
    ),
  )('if the store fails when %s', async (_, fault) => {
    const plane = await fixture.open({ store: failingStore(fixture.store, fault) });
    const [tenantId, key] = [newTenantId(), randomUUID()];
    const headers = { 'idempotency-key': key };
    const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions', {
      body: {},
      headers,
    });
    expect([status, body]).toMatchObject([
      503,
      { error: { code: 'route_store_unavailable', retryable: true } },
    ]);
    expect(await failuresOf(plane)).toEqual(['route_store_unavailable']);
    const left = await traces(fixture.store, tenantId, [key]);
    expect(left).toMatchObject({ live: [], keys: [] });
    for (const state of left.states) expect(['failed', 'ended']).toContain(state);
    const again = await plane.call(tenantId, 'POST', '/v1/sessions', { body: {}, headers });
    expect(again.status).toBe(201);
    await plane.call(tenantId, 'DELETE', pathOf(sessionSchema.parse(again.body).session_id));
  });

  it('even if the store is still busy during the rollback', async () => {
    const busy = failingStore(failingStore(fixture.store, { method: 'get', from: 1, times: 2 }), {
      method: 'removeLive',
      from: 1,
      times: 2,
    });
    const plane = await fixture.open({ store: busy });
    const tenantId = newTenantId();
    await plane.call(tenantId, 'POST', '/v1/sessions', { body: { runtime: 'refuse-bind' } });
    expect(await traces(fixture.store, tenantId)).toEqual({
      live: [],
      states: ['failed'],
      keys: [],
    });
  });

  it('if there is no capacity for it', async () => {
    const full: SessionProvisioner = {
      ...fixture.fakes.provisioner,
      start: () => Promise.reject(new StartFailedError('quota', 'no room on any node')),
    };
    const plane = await fixture.open({ provisioner: full });
    const tenantId = newTenantId();
    const { body } = await plane.call(tenantId, 'POST', '/v1/sessions');
    expect(body).toMatchObject({
      error: { details: { end_reason: 'quota', end_detail: 'no room on any node' } },
    });
    expect(await rowsOf(tenantId)).toMatchObject([{ state: 'failed', end_reason: 'quota' }]);
  });

  it.each<[StartFailure, boolean]>([
    ['unschedulable', true],
    ['image_unavailable', false],
    ['quota', true],
    ['start_failed', true],
    ['crashed', true],
  ])('with what the start failed for: %s, retryable: %s', async (reason, retryable) => {
    const failing = () => Promise.reject(new StartFailedError(reason, 'the words of the pod'));
    const plane = await fixture.open({
      provisioner: { ...fixture.fakes.provisioner, start: failing },
    });
    const tenantId = newTenantId();
    const { status, headers, body } = await plane.call(tenantId, 'POST', '/v1/sessions');
    const ended = { end_reason: reason, end_detail: 'the words of the pod' };
    expect([status, body]).toMatchObject([
      503,
      { error: { code: 'provisioning_failed', retryable, details: ended } },
    ]);
    expect(headers.get('retry-after')).toBe(retryable ? '1' : null);
    expect(await rowsOf(tenantId)).toMatchObject([{ state: 'failed', ...ended }]);
    expect(await failuresOf(plane)).toEqual([reason]);
  });

  it('with what the start was waiting for when it timed out', async () => {
    const plane = await fixture.open(
      { provisioner: { ...fixture.fakes.provisioner, start: waitForRoom } },
      { provisioningMs: 300 },
    );
    const tenantId = newTenantId();
    const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions');
    const ended = { end_reason: 'unschedulable', end_detail: 'no node has room' };
    expect([status, body]).toMatchObject([503, { error: { retryable: true, details: ended } }]);
    expect(await rowsOf(tenantId)).toMatchObject([{ state: 'failed', ...ended }]);
  });

  it('but with the end of the create if its session was deleted while it waited', async () => {
    const plane = await fixture.open({
      provisioner: { ...fixture.fakes.provisioner, start: waitForRoom },
    });
    const tenantId = newTenantId();
    const accepted = await plane.call(tenantId, 'POST', '/v1/sessions', {
      headers: { prefer: 'respond-async' },
    });
    const { session_id } = sessionSchema.parse(accepted.body);
    expect((await plane.call(tenantId, 'DELETE', pathOf(session_id))).status).toBe(204);
    expect(await rowsOf(tenantId)).toMatchObject([{ state: 'ended', end_reason: 'deleted' }]);
  });

  it('and reports if a retry cannot help', async () => {
    const hopeless = () =>
      Promise.reject(new StartFailedError('crashed', 'a module is missing', { retryable: false }));
    const plane = await fixture.open({
      provisioner: { ...fixture.fakes.provisioner, start: hopeless },
    });
    const { status, headers, body } = await plane.call(newTenantId(), 'POST', '/v1/sessions');
    const message = expect.not.stringContaining('try again');
    expect([status, body]).toMatchObject([
      503,
      { error: { code: 'provisioning_failed', retryable: false, message } },
    ]);
    expect(headers.get('retry-after')).toBeNull();
  });

  it('and hides an unexpected cause', async () => {
    const broken: SessionProvisioner = {
      ...fixture.fakes.provisioner,
      start: () => Promise.reject(new Error('secret')),
    };
    const plane = await fixture.open({ provisioner: broken });
    const tenantId = newTenantId();
    const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions');
    expect([status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('secret')]);
    expect(await failuresOf(plane)).toEqual(['internal']);
    const [row] = await rowsOf(tenantId);
    expect([row?.state, JSON.stringify(row)]).toEqual([
      'failed',
      expect.not.stringContaining('secret'),
    ]);
  });
});

describe('a client that disconnects', () => {
  const leave = async (headers: Record<string, string>) => {
    const plane = await fixture.open({}, { provisioningMs: 2_000 });
    const tenantId = newTenantId();
    const client = new AbortController();
    const body = { runtime: 'never-ready' };
    const left = plane.call(tenantId, 'POST', '/v1/sessions', {
      body,
      headers,
      signal: client.signal,
    });
    await expectEventually(fixture.fakes.leftovers).not.toEqual([]);
    client.abort();
    await expect(left).rejects.toThrow();
    await expectEventually(fixture.fakes.leftovers).toEqual([]);
    await expectEventually(async () =>
      (await rowsOf(tenantId)).map(({ state }) => state),
    ).not.toEqual(['provisioning']);
    await expectEventually(() => fixture.store.listLive(tenantId)).toEqual([]);
    return rowsOf(tenantId);
  };

  it('aborts its create', async () => {
    expect(await leave({})).toMatchObject([
      { state: 'ended', end_reason: 'deleted', end_detail: expect.stringContaining('left') },
    ]);
  });

  it('does not abort a create with a key, because it may retry', async () => {
    expect(await leave({ 'idempotency-key': 'k' })).toMatchObject([
      { state: 'failed', end_reason: 'provisioning_timeout' },
    ]);
  });
});

describe('Idempotency-Key', () => {
  it('returns one session to concurrent and later requests, also at another replica', async () => {
    const [plane, replica] = [await fixture.open(), await fixture.open()];
    const tenantId = newTenantId();
    const headers = { 'idempotency-key': 'a key/of: mine' };
    const post = (at: typeof plane, body: object) =>
      at.call(tenantId, 'POST', '/v1/sessions', { headers, body });
    const bodies = [
      { metadata: { a: '1', b: '2' } },
      { metadata: { b: '2', a: '1' }, ttl_seconds: 3_600, runtime: 'py' },
    ];
    const responses = await Promise.all(
      [plane, replica, plane, replica].flatMap((at) => bodies.map((body) => post(at, body))),
    );
    responses.push(await post(plane, bodies[0] ?? {}), await post(replica, bodies[1] ?? {}));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(201));
    const ids = new Set(responses.map(({ body }) => sessionSchema.parse(body).session_id));
    expect([ids.size, (await fixture.store.listLive(tenantId)).length]).toEqual([1, 1]);
    const [id] = ids;
    if (id) await plane.call(tenantId, 'DELETE', pathOf(id));
    const after = await post(plane, bodies[0] ?? {});
    expect([after.status, after.body]).toMatchObject([201, { session_id: id, state: 'ended' }]);
  });

  it('refuses another body, and is separate for each tenant', async () => {
    const plane = await fixture.open();
    const [tenantId, other] = [newTenantId(), newTenantId()];
    const headers = { 'idempotency-key': 'k' };
    const first = await plane.call(tenantId, 'POST', '/v1/sessions', { headers, body: {} });
    const changed = await plane.call(tenantId, 'POST', '/v1/sessions', {
      headers,
      body: { ttl_seconds: 1 },
    });
    expect([changed.status, changed.body]).toMatchObject([
      422,
      { error: { code: 'idempotency_key_reused' } },
    ]);
    expect(await failuresOf(plane)).toEqual(['idempotency_key_reused']);
    const foreign = await plane.call(other, 'POST', '/v1/sessions', {
      headers,
      body: { ttl_seconds: 1 },
    });
    expect([first.status, foreign.status]).toEqual([201, 201]);
    await plane.call(tenantId, 'DELETE', pathOf(sessionSchema.parse(first.body).session_id));
    await plane.call(other, 'DELETE', pathOf(sessionSchema.parse(foreign.body).session_id));
  });

  it('returns a failure to all requests that wait, and is usable again after it', async () => {
    const [plane, replica] = [await fixture.open(), await fixture.open()];
    const tenantId = newTenantId();
    const options = { headers: { 'idempotency-key': 'k' }, body: { runtime: 'refuse-bind' } };
    const responses = await Promise.all(
      [1, 2, 3].map(() => plane.call(tenantId, 'POST', '/v1/sessions', options)),
    );
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    const again = await replica.call(tenantId, 'POST', '/v1/sessions', { ...options, body: {} });
    expect(again.status).toBe(201);
    await plane.call(tenantId, 'DELETE', pathOf(sessionSchema.parse(again.body).session_id));
  });

  it.each([{}, { prefer: 'respond-async' }])(
    'is claimed again if another replica refused its first request, with %j',
    async (prefer) => {
      const [tenantId, headers] = [newTenantId(), { 'idempotency-key': 'k', ...prefer }];
      const body = createSessionSchema.parse({});
      await claimIdempotencyKey(
        { store: fixture.store, clock: systemClock },
        { tenantId, key: 'k', sessionId: newSessionId(), body },
      );
      const putIdempotency: SessionStore['putIdempotency'] = async (...put) => {
        const outcome = await fixture.store.putIdempotency(...put);
        // The other replica finds its quota full only after this one has seen its claim.
        if (outcome.outcome === 'exists')
          await fixture.store.deleteIdempotency(tenantId, 'k', outcome.item.session_id);
        return outcome;
      };
      const plane = await fixture.open({ store: { ...fixture.store, putIdempotency } });
      const response = await plane.call(tenantId, 'POST', '/v1/sessions', {
        headers,
        sessionQuota: 0,
      });
      expect([response.status, response.body]).toMatchObject([
        429,
        { error: { code: 'quota_exceeded' } },
      ]);
      expect(await failuresOf(plane)).toEqual(['quota_exceeded']);
      expect(await traces(fixture.store, tenantId, ['k'])).toEqual({
        live: [],
        states: [],
        keys: [],
      });
    },
  );

  it('is released if its replica died before it wrote a row', async () => {
    const [hasty, plane] = [await fixture.open({}, { provisioningMs: 300 }), await fixture.open()];
    const [tenantId, headers] = [newTenantId(), { 'idempotency-key': 'k' }];
    const body = createSessionSchema.parse({});
    await claimIdempotencyKey(
      { store: fixture.store, clock: systemClock },
      { tenantId, key: 'k', sessionId: newSessionId(), body },
    );
    const early = await hasty.call(tenantId, 'POST', '/v1/sessions', { headers });
    expect([early.status, early.headers.get('retry-after'), early.body]).toMatchObject([
      425,
      '1',
      { error: { code: 'session_not_ready' } },
    ]);
    const again = await plane.call(tenantId, 'POST', '/v1/sessions', { headers });
    expect(again.status).toBe(201);
    await plane.call(tenantId, 'DELETE', pathOf(sessionSchema.parse(again.body).session_id));
  });
});

it('leaves nothing behind after sixty concurrent creates and deletes', async () => {
  const plane = await fixture.open({}, { sessionsPerTenant: 20 });
  const tenantId = newTenantId();
  const bodies: Behaviour[] = ['serve', 'crash-before-ready', 'refuse-bind'];
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions', {
        body: { runtime: bodies[index % 3] },
      });
      if (status !== 201) return expect([429, 503]).toContain(status);
      const deleted = await plane.call(
        tenantId,
        'DELETE',
        pathOf(sessionSchema.parse(body).session_id),
      );
      return expect(deleted.status).toBe(204);
    }),
  );
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
  const { body } = await plane.call(tenantId, 'GET', '/v1/sessions?limit=200');
  for (const { state } of sessionListSchema.parse(body).sessions)
    expect(['ended', 'failed']).toContain(state);
});

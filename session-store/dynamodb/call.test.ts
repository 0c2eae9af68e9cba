import { getEventListeners } from 'node:events';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterEach, expect, it, vi } from 'vitest';
import { provisioningRecord } from '../conformance/session-records.ts';
import { localAccess, startDynalite } from '../dynalite/start-dynalite.ts';
import {
  type FailingDynamoDb,
  refusingEndpoint,
  startRefusing,
  startSlowDynamoDb,
  startStallingDynamoDb,
  startThrottlingDynamoDb,
} from '../testing/failing-dynamodb.ts';
import { createCall } from './call.ts';
import { type ClientOptions, createDynamoDbClient } from './create-client.ts';
import { createDynamoDbSessionStore } from './dynamodb-session-store.ts';

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const storeOn = (endpoint: string, options: Partial<ClientOptions> = {}, timeLimitMs = 60_000) => {
  const client = createDynamoDbClient({ ...localAccess, endpoint, maxAttempts: 1, ...options });
  opened.push(() => client.destroy());
  return createDynamoDbSessionStore({ client, timeLimitMs, ...realParts });
};

const started = async (endpoint: Promise<FailingDynamoDb>): Promise<FailingDynamoDb> => {
  const failing = await endpoint;
  opened.push(failing.close);
  return failing;
};

const consistent = true;

it.each([
  'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  'com.amazonaws.dynamodb.v20120810#RequestLimitExceeded',
  'com.amazon.coral.availability#ThrottlingException',
])('tells throttling (%s) from an outage', async (type) => {
  const store = storeOn((await started(startRefusing(400, type))).endpoint);
  const expected = {
    name: 'SessionStoreThrottledError',
    code: 'route_store_throttled',
    cause: { name: type.split('#')[1] },
  };
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject(expected);
  await expect(store.update(provisioningRecord(), 1)).rejects.toMatchObject(expected);
});

it('retries a throttled call before it gives up', async () => {
  const throttling = await started(startThrottlingDynamoDb());
  const store = storeOn(throttling.endpoint, { maxAttempts: 2 });
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject({
    code: 'route_store_throttled',
  });
  expect(throttling.requests()).toBe(2);
});

it('reports an endpoint that is down as unavailable', async () => {
  const store = storeOn(await refusingEndpoint(), { maxAttempts: 2 });
  const expected = {
    name: 'SessionStoreUnavailableError',
    code: 'route_store_unavailable',
    cause: { code: 'ECONNREFUSED' },
  };
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject(expected);
  await expect(store.create(provisioningRecord())).rejects.toMatchObject(expected);
  await expect(store.sweep()[Symbol.asyncIterator]().next()).rejects.toMatchObject(expected);
});

it('times out an attempt without a response and retries', async () => {
  const stalling = await started(startStallingDynamoDb());
  const store = storeOn(stalling.endpoint, { attemptTimeoutMs: 50, maxAttempts: 2 });
  const expected = { code: 'route_store_unavailable', cause: { name: 'TimeoutError' } };
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject(expected);
  expect(stalling.requests()).toBe(2);
});

it('ends the whole call at its time limit, whatever the limit of an attempt is', async () => {
  const stalling = await started(startStallingDynamoDb());
  const store = storeOn(stalling.endpoint, { attemptTimeoutMs: 60_000 }, 100);
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
});

it('ends a delay between two attempts at the time limit', async () => {
  const throttling = await started(startThrottlingDynamoDb());
  const store = storeOn(throttling.endpoint, { maxAttempts: 1_000 }, 100);
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
});

it.each([startStallingDynamoDb, startThrottlingDynamoDb])(
  'throws the abort reason of its caller unchanged (%o)',
  async (start) => {
    const failing = await started(start());
    const store = storeOn(failing.endpoint, { attemptTimeoutMs: 60_000, maxAttempts: 1_000 });
    const caller = new AbortController();
    const reading = store.get(newSessionId(), { consistent, signal: caller.signal });
    const outcome = expect(reading).rejects.toMatchObject({ message: 'the client left' });
    await expect.poll(failing.requests).toBeGreaterThan(0);
    caller.abort(new Error('the client left'));
    await outcome;
  },
);

it('reports a refused login and a missing table as unavailable, with the cause', async () => {
  const denied = storeOn(
    (await started(startRefusing(400, 'com.amazon.coral.service#AccessDeniedException'))).endpoint,
  );
  await expect(denied.get(newSessionId(), { consistent })).rejects.toMatchObject({
    code: 'route_store_unavailable',
    cause: { name: 'AccessDeniedException' },
  });
  const other = await startDynalite('another-table');
  opened.push(other.close);
  await expect(storeOn(other.endpoint).get(newSessionId(), { consistent })).rejects.toMatchObject({
    code: 'route_store_unavailable',
    cause: { name: 'ResourceNotFoundException' },
  });
});

it('does not report a mistake of ours as an outage', async () => {
  const store = storeOn(
    (await started(startRefusing(400, 'com.amazon.coral.validate#ValidationException'))).endpoint,
  );
  await expect(store.get(newSessionId(), { consistent })).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

it.each([() => Promise.resolve('done'), () => Promise.reject(new Error('not done'))])(
  'leaves no timer and no listener on the signal behind (%o)',
  async (operation) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = createDynamoDbClient({ ...localAccess, endpoint: 'http://127.0.0.1:9' });
    opened.push(
      () => client.destroy(),
      () => void vi.useRealTimers(),
    );
    const { signal } = new AbortController();
    await Promise.allSettled([createCall(client, systemClock, 1_000)(signal, operation)]);
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  },
);

it('does not treat a call that waits for a socket as an outage', async () => {
  const slow = await startSlowDynamoDb(800);
  opened.push(slow.close);
  // Five rounds over the sockets: each is within the limits, together they far exceed them.
  const store = storeOn(slow.endpoint, { connectTimeoutMs: 3_000, attemptTimeoutMs: 3_000 });
  const reads = await Promise.all(
    Array.from({ length: 80 }, () => store.get(newSessionId(), { consistent })),
  );
  expect(new Set(reads)).toEqual(new Set([null]));
});

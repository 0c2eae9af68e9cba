import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pendingPod } from '../conformance/manifests.ts';
import type { KubeApi } from '../kube-api.ts';
import {
  breakOff,
  type FakeApiServer,
  sendJson,
  startFakeApiServer,
} from '../testing/fake-api-server.ts';
import { fakePod, fakeStatus } from '../testing/fake-objects.ts';
import { type ManualClock, manualClock } from '../testing/manual-clock.ts';
import { createClientKubeApi } from './client-kube-api.ts';

const pod = fakePod('steppe-a', '7');
const manifest = pendingPod({}, 'steppe-a');
const busy = fakeStatus(429, 'TooManyRequests', 'too many requests, please try again later');
const exists = fakeStatus(409, 'AlreadyExists', 'pods "steppe-a" already exists');

describe('client KubeApi', () => {
  let server: FakeApiServer;
  let time: ManualClock;
  const apis: KubeApi[] = [];
  beforeEach(async () => {
    server = await startFakeApiServer();
    time = manualClock();
  });
  afterEach(async () => {
    await Promise.all(apis.splice(0).map((api) => api.close()));
    await server.close();
  });

  const open = (): KubeApi => {
    const { clock } = time;
    const ids = createIds(systemClock);
    const api = createClientKubeApi({ load: server.load, namespace: 'sessions', clock, ids });
    apis.push(api);
    return api;
  };
  const methods = () => server.requests.map(({ method }) => method);

  it('waits as long as a throttling server demands, and repeats even a create', async () => {
    const demand = { 'retry-after': '7' };
    server.respond(sendJson(429, busy, demand), sendJson(201, pod));
    expect(await open().pods.create(manifest)).toEqual(pod);
    expect(time.sleeps).toEqual([7000]);
    expect(methods()).toEqual(['POST', 'POST']);
  });

  it('throws the demanded delay if it exceeds the time limit', async () => {
    server.respond(sendJson(429, busy, { 'retry-after': '60' }));
    const error = { kind: 'too_many_requests', status: 429, retryAfterMs: 60_000 };
    await expect(open().pods.get('steppe-a')).rejects.toMatchObject(error);
    expect(server.requests).toHaveLength(1);
  });

  it('repeats a create that lost a race for the counter of a quota', async () => {
    const message = 'Operation cannot be fulfilled on resourcequotas "pods": modified';
    const contention = fakeStatus(409, 'Conflict', message, { kind: 'resourcequotas' });
    server.respond(sendJson(409, contention), sendJson(201, pod));
    expect(await open().pods.create(manifest)).toEqual(pod);
  });

  it('returns the pod of an attempt whose response was lost', async () => {
    server.respond(breakOff, sendJson(409, exists), sendJson(200, pod));
    expect(await open().pods.create(manifest)).toEqual(pod);
    expect(methods()).toEqual(['POST', 'POST', 'GET']);
  });

  it('does not take the pod of another create for its own', async () => {
    server.respond(sendJson(409, exists));
    await expect(open().pods.create(manifest)).rejects.toMatchObject({ kind: 'already_exists' });
    expect(methods()).toEqual(['POST']);
  });

  it('sends a patch of one version once, and one without a version again', async () => {
    const api = open();
    const patch = { metadata: { labels: { a: '1' } } };
    server.respond(breakOff, sendJson(200, pod));
    const conditional = api.pods.patch('steppe-a', patch, { resourceVersion: '6' });
    await expect(conditional).rejects.toMatchObject({ kind: 'unavailable' });
    expect(server.requests).toHaveLength(1);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      metadata: { labels: { a: '1' }, resourceVersion: '6' },
    });
    server.respond(breakOff, sendJson(200, pod));
    expect(await api.pods.patch('steppe-a', patch)).toEqual(pod);
  });

  it('finds a pod absent if the response of its delete was lost', async () => {
    server.respond(breakOff, sendJson(404, fakeStatus(404, 'NotFound')));
    expect(await open().pods.delete('steppe-a', { uid: 'u' })).toBe('absent');
  });

  it('repeats a read that gets no response, and throws timeout in the end', async () => {
    server.respond(() => time.pass(10_000));
    const reading = open().pods.get('steppe-a');
    await expect(reading).rejects.toMatchObject({ kind: 'timeout' });
    expect(server.requests.length).toBeGreaterThan(1);
  });

  it('repeats a read that a proxy failed, and throws its status in the end', async () => {
    server.respond((_request, response) => response.writeHead(502).end('<html>bad</html>'));
    const reading = open().pods.get('steppe-a');
    await expect(reading).rejects.toMatchObject({ kind: 'unavailable', status: 502 });
    expect(server.requests.length).toBeGreaterThan(1);
  });

  it('sends one request after the other over the same few connections', async () => {
    server.respond(sendJson(200, pod));
    const api = open();
    for (let count = 0; count < 20; count += 1) await api.pods.get('steppe-a');
    // The pool may open a second one before the first is free again.
    expect(server.connections()).toBeLessThanOrEqual(3);
  });

  it('breaks off a call whose signal aborts, and throws the reason', async () => {
    const ending = new AbortController();
    server.respond(() => ending.abort(new Error('no longer wanted')));
    const reading = open().pods.get('steppe-a', { signal: ending.signal });
    await expect(reading).rejects.toThrow('no longer wanted');
  });

  it('fails pending calls when it is closed', async () => {
    const api = open();
    server.respond(() => void api.close());
    await expect(api.pods.get('steppe-a')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

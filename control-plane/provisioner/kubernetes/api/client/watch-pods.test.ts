import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeApi, PodWatchEvent } from '../kube-api.ts';
import {
  type FakeApiServer,
  sendEvents,
  sendJson,
  startFakeApiServer,
} from '../testing/fake-api-server.ts';
import { fakePod, fakeStatus } from '../testing/fake-objects.ts';
import { type ManualClock, manualClock } from '../testing/manual-clock.ts';
import { createClientKubeApi } from './client-kube-api.ts';

const added = { type: 'ADDED', object: fakePod('steppe-a', '7', { note: 'Grüße 🌾' }) };
const line = Buffer.from(`${JSON.stringify(added)}\n`);

describe('watch of pods', () => {
  let server: FakeApiServer;
  let api: KubeApi;
  let time: ManualClock;
  beforeEach(async () => {
    server = await startFakeApiServer();
    time = manualClock();
    const options = { load: server.load, namespace: 'sessions', clock: time.clock };
    api = createClientKubeApi({ ...options, ids: createIds(systemClock) });
  });
  afterEach(async () => {
    await api.close();
    await server.close();
  });

  /** Collects the events until the watch ends. */
  const watch = async (events: PodWatchEvent[] = []): Promise<PodWatchEvent[]> => {
    const { signal } = new AbortController();
    const query = { labels: { a: '1' }, resourceVersion: '5', timeoutSeconds: 60, signal };
    for await (const event of api.pods.watch(query)) events.push(event);
    return events;
  };

  it('requests the labels, the version, the time and bookmarks', async () => {
    server.respond((_request, response) => response.end());
    await watch();
    expect(server.requests[0]?.url.search).toBe(
      '?watch=true&allowWatchBookmarks=true&labelSelector=a%3D1&resourceVersion=5&timeoutSeconds=60',
    );
  });

  it('puts events together from whatever parts they arrive in', async () => {
    server.respond((_request, response) => {
      for (const byte of line) response.write(Buffer.of(byte));
      response.end();
    });
    expect(await watch()).toEqual([{ type: 'added', pod: added.object }]);
  });

  it('yields bookmarks, and leaves out types that it does not know', async () => {
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } };
    server.respond((request, response) => {
      sendEvents({ type: 'NEWER', object: {} }, bookmark)(request, response);
      response.end();
    });
    expect(await watch()).toEqual([{ type: 'bookmark', resourceVersion: '9' }]);
  });

  it('throws unavailable if the connection breaks in the middle of a line', async () => {
    const events: PodWatchEvent[] = [];
    server.respond((_request, response) => {
      response.write(Buffer.concat([line, line.subarray(0, 30)]), () => response.destroy());
    });
    await expect(watch(events)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(events).toHaveLength(1);
  });

  it('throws unavailable if the response ends in the middle of a line', async () => {
    server.respond((_request, response) => response.end(line.subarray(0, 30)));
    await expect(watch()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('throws gone for an expired version, as a response and as an event', async () => {
    const expired = fakeStatus(410, 'Expired', 'too old resource version: 5 (900)');
    server.respond(sendJson(410, expired));
    await expect(watch()).rejects.toMatchObject({ kind: 'gone' });
    server.respond(sendEvents(added, { type: 'ERROR', object: expired }));
    await expect(watch()).rejects.toMatchObject({ kind: 'gone', message: expired.message });
  });

  it('throws timeout if no response begins, and none for a silent one', async () => {
    let next = () => {};
    server.respond(() => time.pass(10_000));
    await expect(watch()).rejects.toMatchObject({ kind: 'timeout' });
    server.respond((request, response) => {
      sendEvents(added)(request, response);
      next = () => response.end(line);
    });
    const events: PodWatchEvent[] = [];
    const watching = watch(events);
    await expect.poll(() => events.length).toBe(1);
    time.pass(3_600_000);
    next();
    await watching;
    expect(events).toHaveLength(2);
  });

  it('closes the connection when its reader returns', async () => {
    const closed = new Promise<void>((resolve) => {
      server.respond((request, response) => {
        response.once('close', () => resolve());
        sendEvents(added)(request, response);
      });
    });
    const { signal } = new AbortController();
    const query = { resourceVersion: '5', timeoutSeconds: 60, signal };
    for await (const event of api.pods.watch(query)) if (event) break;
    await closed;
  });
});

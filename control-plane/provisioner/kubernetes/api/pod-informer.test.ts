import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClientKubeApi } from './client/client-kube-api.ts';
import type { FollowLimits } from './follow-pods.ts';
import type { Pod } from './kube-objects.ts';
import { createPodInformer, type PodInformer } from './pod-informer.ts';
import {
  breakOff,
  type FakeApiServer,
  type FakeHandler,
  sendEvents,
  sendJson,
  startFakeApiServer,
} from './testing/fake-api-server.ts';
import { fakePod, fakePodList, fakeStatus } from './testing/fake-objects.ts';

const list = (version: string, ...pods: Pod[]) => sendJson(200, fakePodList(version, ...pods));
const event = (type: string, pod: Pod) => ({ type, object: pod });
const bookmark = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion } },
});
const gone = fakeStatus(410, 'Expired', 'too old resource version');

describe('informer of pods', () => {
  let server: FakeApiServer;
  let changes: string[];
  let metrics: string[];
  let dispose: (() => Promise<void>)[];
  beforeEach(async () => {
    server = await startFakeApiServer();
    [changes, metrics, dispose] = [[], [], []];
  });
  afterEach(async () => {
    for (const close of dispose) await close();
    await server.close();
  });

  const open = (limits: Partial<FollowLimits> = {}): PodInformer => {
    const ids = createIds(systemClock);
    const common = { clock: systemClock, ids };
    const api = createClientKubeApi({ ...common, load: server.load, namespace: 'sessions' });
    const informer = createPodInformer({
      ...common,
      api,
      labels: { app: 'steppe' },
      groupOf: ({ metadata }) => metadata.labels.state ?? null,
      limits: { backoffMs: [5, 20], ...limits },
      logger: createLogger({ service: 'test', level: 'silent' }),
      metrics: {
        listed: (reason) => metrics.push(`listed ${reason}`),
        watchEnded: (end) => metrics.push(`ended ${end}`),
      },
    });
    informer.subscribe((change) => {
      const vanished = change.type === 'deleted' && change.vanished ? ' vanished' : '';
      changes.push(`${change.type} ${change.pod.metadata.name}${vanished}`);
    });
    dispose.push(informer.close, api.close);
    return informer;
  };
  /** The versions from which it watched. */
  const watchedFrom = () =>
    server.requests
      .filter(({ url }) => url.searchParams.has('watch'))
      .map(({ url }) => url.searchParams.get('resourceVersion'));

  it('lists page by page, and then watches from the version of the list', async () => {
    const first = { ...fakePodList('10', fakePod('a', '3')) };
    const page = { ...first, metadata: { ...first.metadata, continue: 'next' } };
    server.respond(
      sendJson(200, page),
      list('10', fakePod('b', '4')),
      sendEvents(event('ADDED', fakePod('c', '11')), event('DELETED', fakePod('a', '12'))),
    );
    const informer = open({ pageSize: 1 });
    await informer.synced;
    expect(changes).toEqual(['added a', 'added b']);
    await expectEventually(() => changes.slice(2)).toEqual(['added c', 'deleted a']);
    expect(server.requests[1]?.url.searchParams.get('continue')).toBe('next');
    expect(watchedFrom()).toEqual(['10']);
    expect(informer.size).toBe(2);
  });

  it('continues where a watch ended or broke, without a list', async () => {
    const ended: FakeHandler = (_request, response) => {
      sendEvents(event('ADDED', fakePod('a', '11')))(_request, response);
      response.end();
    };
    const broken: FakeHandler = (_request, response) => {
      response.write(`${JSON.stringify(bookmark('15'))}\n{"type":"ADD`, () => response.destroy());
    };
    server.respond(list('10'), ended, broken, breakOff, sendEvents(bookmark('15')));
    open();
    await expectEventually(watchedFrom).toEqual(['10', '11', '15', '15']);
    await expectEventually(() => metrics).toEqual([
      'listed start',
      'ended closed',
      'ended failed',
      'ended failed',
    ]);
  });

  it('lists again after 410, and reports pods that vanished in between', async () => {
    server.respond(
      list('10', fakePod('stays', '3'), fakePod('vanishes', '4')),
      sendEvents({ type: 'ERROR', object: gone }),
      list('90', fakePod('stays', '3'), fakePod('comes', '70')),
      sendEvents(bookmark('95')),
    );
    open();
    await expectEventually(() => changes.slice(2)).toEqual([
      'deleted vanishes vanished',
      'added comes',
    ]);
    await expectEventually(watchedFrom).toEqual(['10', '90']);
    expect(metrics).toEqual(['listed start', 'ended gone', 'listed gone']);
  });

  it('restarts a list whose pages have expired', async () => {
    const page = { ...fakePodList('10', fakePod('a', '3')), kind: 'PodList' };
    server.respond(
      sendJson(200, { ...page, metadata: { resourceVersion: '10', continue: 'old' } }),
      sendJson(410, gone),
      list('20', fakePod('b', '4')),
      sendEvents(),
    );
    await open().synced;
    expect(changes).toEqual(['added b']);
  });

  it('replaces a watch that is silent for too long', async () => {
    server.respond(list('10'), sendEvents(), sendEvents(event('ADDED', fakePod('a', '11'))));
    open({ silenceMs: 100 });
    await expectEventually(() => changes).toEqual(['added a']);
    expect(watchedFrom().slice(0, 2)).toEqual(['10', '10']);
    expect(metrics.slice(0, 2)).toEqual(['listed start', 'ended silent']);
  });

  it('is synced as soon as the API server responds', async () => {
    const refused = fakeStatus(403, 'Forbidden', 'pods is forbidden');
    server.respond(
      sendJson(403, refused),
      sendJson(403, refused),
      list('10', fakePod('a', '1')),
      sendEvents(),
    );
    const informer = open();
    await informer.synced;
    expect(informer.get('a')?.metadata.uid).toBe('uid-of-a');
  });

  it('rejects synced if it is closed before', async () => {
    server.respond(() => {});
    const informer = open();
    await informer.close();
    await expect(informer.synced).rejects.toThrow('closed');
  });

  it('has what was written before the watch has it, and nothing that was deleted', async () => {
    server.respond(list('10', fakePod('a', '3')), sendEvents(bookmark('20')));
    const informer = open();
    await informer.synced;
    informer.observe(fakePod('a', '12', { state: 'claimed' }));
    expect([...informer.group('claimed').keys()]).toEqual(['a']);
    informer.observe(fakePod('a', '5'));
    expect(informer.get('a')?.metadata.resourceVersion).toBe('12');
    informer.observe(fakePod('new', '21'));
    expect(informer.get('new')).toBeDefined();
    await expectEventually(() => watchedFrom().length).toBe(1);
    // The version of the list and later ones may have been deleted before the bookmark.
    informer.observe(fakePod('deleted', '9'));
    expect(informer.get('deleted')).toBeUndefined();
  });

  it('calls the listeners of a pod only for that pod, and survives a listener that throws', async () => {
    const seen: string[] = [];
    server.respond(
      list('10'),
      sendEvents(event('ADDED', fakePod('a', '11')), event('ADDED', fakePod('b', '12'))),
    );
    const informer = open();
    informer.subscribe(() => {
      throw new Error('a mistake of the listener');
    });
    informer.subscribeTo('b', ({ pod }) => seen.push(pod.metadata.name));
    await expectEventually(() => seen).toEqual(['b']);
    expect(changes).toEqual(['added a', 'added b']);
  });
});

import { createIds, tenantIdSchema } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClientKubeApi } from './api/client/client-kube-api.ts';
import type { KubeApi } from './api/kube-api.ts';
import { createPodInformer, type PodInformer } from './api/pod-informer.ts';
import {
  type FakeApiServer,
  type FakeHandler,
  sendEvents,
  sendJson,
  startFakeApiServer,
} from './api/testing/fake-api-server.ts';
import { fakePodList } from './api/testing/fake-objects.ts';
import { createClaim } from './claim-instance.ts';

let server: FakeApiServer;
let api: KubeApi;
let informer: PodInformer;
let lists: number;
beforeEach(async () => {
  lists = 0;
  server = await startFakeApiServer();
  const common = { clock: systemClock, ids: createIds(systemClock) };
  api = createClientKubeApi({ ...common, load: server.load, namespace: 'sessions' });
  server.respond(respond);
  informer = createPodInformer({
    ...common,
    api,
    labels: { app: 'test' },
    groupOf: () => null,
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: { listed: () => {}, watchEnded: () => {} },
  });
  await informer.synced;
});
afterEach(async () => {
  await informer.close();
  await api.close();
  await server.close();
});

/** An empty namespace. */
const respond: FakeHandler = (request, response) => {
  const { searchParams } = request.url;
  if (searchParams.has('watch')) return sendEvents()(request, response);
  if (searchParams.get('labelSelector')?.includes('warm')) lists += 1;
  sendJson(200, fakePodList('1'))(request, response);
};

it('lists twice at most for a burst of claims against an empty pool', async () => {
  const claim = createClaim({ api, informer, clock: systemClock, longestLifeMs: 1_000 });
  const tenantId = tenantIdSchema.parse('tenant');
  const claimed = await Promise.all(
    Array.from({ length: 50 }, () =>
      claim({ owner: { tenantId, sessionId: newSessionId() }, runtime: 'python', version: 'v1' }),
    ),
  );
  expect(claimed).toEqual(claimed.map(() => null));
  expect(lists).toBe(2);
});

it('lists for each runtime and version', async () => {
  const claim = createClaim({ api, informer, clock: systemClock, longestLifeMs: 1_000 });
  const owner = { tenantId: tenantIdSchema.parse('tenant'), sessionId: newSessionId() };
  await Promise.all([
    claim({ owner, runtime: 'python', version: 'v1' }),
    claim({ owner, runtime: 'python', version: 'v2' }),
    claim({ owner, runtime: 'node', version: 'v1' }),
  ]);
  expect(lists).toBe(3);
});

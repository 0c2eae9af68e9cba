import { newInstanceId, newSessionId } from '@steppe/contracts/ids';
import { RouteStoreUnavailable } from '@steppe/route-store/errors';
import type { SessionStore } from '@steppe/route-store/ports';
import { createRegistry } from '@steppe/service-kit/http-metrics';
import { createLogger } from '@steppe/service-kit/logger';
import { expect, test } from 'vitest';
import type { EndListener } from '../provisioner/session-provisioner.ts';
import { createInstancePlace } from '../testing/instance-place.ts';
import { createSessionMetrics } from './session-metrics.ts';
import { watchEnds } from './watch-ends.ts';

test('does not wait for a store that is away once it is to stop, and hears nothing more', async () => {
  let asked = 0;
  const get = async () => {
    asked += 1;
    throw new RouteStoreUnavailable('it is away');
  };
  const listeners = new Set<EndListener>();
  const watch = (listener: EndListener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const ends = watchEnds({
    // Nothing else of it is asked.
    store: { get } as Partial<SessionStore> as SessionStore,
    provisioner: { ...createInstancePlace(Date.now).open(), watch },
    metrics: createSessionMetrics(createRegistry('test')),
    logger: createLogger({ service: 'test', level: 'silent' }),
    now: Date.now,
  });
  for (const tell of listeners) tell({ instanceId: newInstanceId(), sessionId: newSessionId(), reason: 'crashed' });
  await expect.poll(() => asked).toBeGreaterThan(0);
  await ends.stop();
  expect(listeners.size).toBe(0);
});

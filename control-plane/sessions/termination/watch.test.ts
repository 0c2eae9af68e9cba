import type { SessionRecord } from '@steppe/contracts/session-record';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';
import { expect, test } from 'vitest';
import type { EndListener } from '../../provisioner/session-provisioner.ts';
import { createInMemoryProvisioner } from '../../testing/in-memory-provisioner.ts';
import { createSessionMetrics } from '../session-metrics.ts';
import { watchTerminations } from './watch.ts';

test('stops without waiting for an unavailable store, and receives nothing more', async () => {
  let requested = 0;
  const get = async () => {
    requested += 1;
    throw new SessionStoreUnavailableError('it is away');
  };
  const listeners = new Set<EndListener>();
  const watch = (listener: EndListener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const ends = watchTerminations({
    // The watch uses no other method of the store.
    store: { get } as Partial<SessionStore> as SessionStore,
    provisioner: { ...createInMemoryProvisioner(Date.now).open(), watch },
    metrics: createSessionMetrics(createRegistry('test')),
    logger: createLogger({ service: 'test', level: 'silent' }),
    clock: systemClock,
  });
  const recordings = [...listeners].map((deliver) =>
    deliver({ instanceId: newInstanceId(), sessionId: newSessionId(), reason: 'crashed' }),
  );
  const acknowledged = Promise.allSettled(recordings);
  await expect.poll(() => requested).toBeGreaterThan(0);
  await ends.stop();
  expect(listeners.size).toBe(0);
  expect(await acknowledged).toMatchObject([{ status: 'rejected' }]);
});

test('releases the quota of a recorded end only if it may have recorded that itself', async () => {
  const terminal = {
    session_id: newSessionId(),
    tenant_id: 'acme',
    state: 'ended',
  } as SessionRecord;
  let failures = 0;
  const removed: string[] = [];
  const store: Pick<SessionStore, 'get' | 'removeLive'> = {
    async get() {
      if (failures-- > 0) throw new SessionStoreUnavailableError('it is away');
      return terminal;
    },
    removeLive: async (_, sessionId) => void removed.push(sessionId),
  };
  const tells: EndListener[] = [];
  const watch = (listener: EndListener) => {
    tells.push(listener);
    return () => {};
  };
  const infos: string[] = [];
  const ends = watchTerminations({
    store: store as SessionStore,
    provisioner: { ...createInMemoryProvisioner(Date.now).open(), watch },
    metrics: createSessionMetrics(createRegistry('test')),
    logger: createLogger({
      service: 'test',
      level: 'info',
      to: { write: (line) => void infos.push(line) },
    }),
    clock: systemClock,
  });
  const deliver = () =>
    tells[0]?.({ instanceId: newInstanceId(), sessionId: terminal.session_id, reason: 'deleted' });
  deliver();
  await expect.poll(() => infos.length).toBe(1);
  expect(removed).toEqual([]);
  failures = 1;
  deliver();
  await expect.poll(() => infos.length).toBe(2);
  expect(removed).toEqual([terminal.session_id]);
  await ends.stop();
});

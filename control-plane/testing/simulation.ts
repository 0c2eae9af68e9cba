import type { SessionId, TenantId } from '@steppe/contracts/ids';
import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import type { SessionStore } from '@steppe/session-store/ports';
import { reconcile } from '../reconciler/reconcile.ts';
import { createSession } from '../sessions/create/create-session.ts';
import { deleteSession } from '../sessions/delete.ts';
import { isTerminal } from '../sessions/termination/cause.ts';
import {
  type CrashableControlPlane,
  startCrashableControlPlane,
} from './crashable-control-plane.ts';
import { type ReconcilerFixture, testRules } from './reconciler-fixture.ts';
import { pythonRuntime } from './session-runtimes.ts';

/** One event. Its numbers select among the existing items. */
export type Event =
  | { kind: 'create'; plane: number; tenant: number }
  | { kind: 'delete'; plane: number; session: number }
  | { kind: 'fill_pool'; plane: number; isOld: boolean }
  | { kind: 'kill'; instance: number }
  | { kind: 'reconcile'; plane: number }
  | { kind: 'crash'; plane: number; afterMoments: number }
  | { kind: 'wait'; ms: number };

export interface Simulation {
  tenants: readonly TenantId[];
  happen(event: Event): Promise<void>;
  /**
   * Stops the faults, and lets time pass from pass to pass until a pass finds nothing to do.
   * @throws if none of ten passes does.
   */
  settle(): Promise<void>;
  /** The sessions whose ends were written, once for each write. */
  ends: readonly SessionId[];
}

export const quota = 3;
const runtime = pythonRuntime(1);
const body = createSessionSchema.parse({});
const never = new AbortController().signal;

/**
 * Two control-planes that share one table and one provisioner.
 * @param isAtFault whether the next call of a port fails.
 */
export function startSimulation(fixture: ReconcilerFixture, isAtFault: () => boolean): Simulation {
  const tenants = [newTenantId(), newTenantId()];
  const ends: SessionId[] = [];
  const store = tellEnds(fixture.store, ends);
  let isCalm = false;
  const start = () => startCrashableControlPlane(fixture, store, () => !isCalm && isAtFault());
  const planes = [start(), start()];

  /** The control-plane with this index. A dead one is replaced by a new one. */
  const plane = (index: number): CrashableControlPlane => {
    const found = planes[index];
    if (found && !found.life.isTerminal()) return found;
    const started = start();
    planes[index] = started;
    return started;
  };

  const happen = async (event: Event): Promise<void> => {
    switch (event.kind) {
      case 'create': {
        const tenantId = choose(tenants, event.tenant);
        return plane(event.plane).begin((services) =>
          createSession(services, { tenantId, body, idempotencyKey: undefined, client: never }),
        );
      }
      case 'delete': {
        const { sessions } = await fixture.store.listByTenant(choose(tenants, event.session), {
          limit: 200,
        });
        if (sessions.length === 0) return;
        const { tenant_id, session_id } = choose(sessions, event.session);
        return plane(event.plane).begin((services) =>
          deleteSession(services, tenant_id, session_id),
        );
      }
      case 'fill_pool': {
        const version = event.isOld ? 'old' : runtime.version;
        const request = {
          owner: null,
          runtime: runtime.name,
          resources: runtime.default_resources,
          version,
          signal: never,
        };
        return plane(event.plane).begin(({ provisioner }) => provisioner.start(request));
      }
      case 'kill': {
        const living = fixture.inMemory.living();
        if (living.length > 0)
          fixture.inMemory.kill(choose(living, event.instance).instanceId, {
            reason: 'oom_killed',
          });
        return;
      }
      case 'reconcile':
        return plane(event.plane).begin((services) => reconcile(services, never));
      case 'crash':
        return plane(event.plane).life.endAfter(event.afterMoments);
      case 'wait':
        // A create aborts at its time limit, so none may still run after the wait. Its timer is
        // real, so all work finishes before the clock moves.
        await Promise.all(planes.map((each) => each.rest()));
        fixture.clock.nowMs += event.ms;
    }
  };

  const settle = async (): Promise<void> => {
    isCalm = true;
    await Promise.all(planes.map((each) => each.rest()));
    await Promise.all(planes.map((each) => each.end()));
    for (let passes = 0; passes < 10; passes += 1) {
      fixture.clock.nowMs += testRules.provisioningMs + testRules.graceMs + 1;
      const actions: unknown[] = [];
      const { reconcilerMetrics } = fixture.services();
      await fixture.pass({
        store,
        reconcilerMetrics: { ...reconcilerMetrics, applied: (action) => actions.push(action) },
      });
      if (actions.length === 0) return;
    }
    throw new Error('each of ten passes found something to do');
  };
  return { tenants, ends, happen, settle };
}

function tellEnds(store: SessionStore, ends: SessionId[]): SessionStore {
  return {
    ...store,
    async create(record, ...rest) {
      const outcome = await store.create(record, ...rest);
      if (outcome === 'created' && isTerminal(record)) ends.push(record.session_id);
      return outcome;
    },
    async update(next, ...rest) {
      const update = await store.update(next, ...rest);
      if (update.outcome === 'updated' && isTerminal(next)) ends.push(next.session_id);
      return update;
    },
  };
}

function choose<T>(among: readonly T[], number: number): T {
  const chosen = among[number % among.length];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}

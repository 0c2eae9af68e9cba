import { SessionStoreThrottledError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';
import { StartFailedError } from '../provisioner/start-failed-error.ts';
import { AgentCallError } from '../sessions/agent-client.ts';
import { watchTerminations } from '../sessions/termination/watch.ts';
import { crashable, createLife, type Life } from './crashable.ts';
import type { FixtureServices, ReconcilerFixture } from './reconciler-fixture.ts';

/** A control-plane without an HTTP server that can die at any moment. */
export interface CrashableControlPlane {
  life: Life;
  services: FixtureServices;
  /** Begins work in the background. Its errors are ignored, because the caller would get them. */
  begin(work: (services: FixtureServices) => Promise<unknown>): void;
  /** Resolves when the work that was begun has finished, or the control-plane is dead. */
  rest(): Promise<void>;
  /** Kills the control-plane if it is still alive, and stops its watch. */
  end(): Promise<void>;
}

/** @param isAtFault whether this call of a port fails; called before and after the call. */
export function startCrashableControlPlane(
  fixture: ReconcilerFixture,
  store: SessionStore,
  isAtFault: () => boolean,
): CrashableControlPlane {
  const life = createLife();
  const { provisioner, agents } = fixture.services();
  const fail = (error: Error) => () => {
    if (isAtFault()) throw error;
  };
  const services = fixture.services({
    store: crashable(store, life, fail(new SessionStoreThrottledError('throttled'))),
    provisioner: crashable(
      provisioner,
      life,
      fail(new StartFailedError('quota', 'there is no room')),
    ),
    agents: crashable(agents, life, fail(new AgentCallError('does not respond'))),
  });
  const watch = watchTerminations(services);
  const running = new Set<Promise<unknown>>();
  return {
    life,
    services,
    begin(work) {
      const done = work(services)
        .catch(() => undefined)
        .finally(() => running.delete(done));
      running.add(done);
    },
    async rest() {
      await Promise.race([Promise.all(running), life.ended]);
    },
    async end() {
      const stopped = watch.stop();
      await Promise.race([stopped, life.ended]);
      life.end();
    },
  };
}

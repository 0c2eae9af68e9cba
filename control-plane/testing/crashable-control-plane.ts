import { SessionStoreThrottledError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';
import { StartFailedError } from '../provisioner/start-failed-error.ts';
import { AgentCallError } from '../sessions/agent-client.ts';
import { watchTerminations } from '../sessions/termination/watch.ts';
import { crashable, createLife, type Life } from './crashable.ts';
import type { FixtureServices, ReconcilerFixture } from './reconciler-fixture.ts';

/** A control-plane without its HTTP server, that can die in the middle of anything. */
export interface CrashableControlPlane {
  life: Life;
  services: FixtureServices;
  /** Begins something that nobody waits for; what it throws was reported to the caller. */
  begin(work: (services: FixtureServices) => Promise<unknown>): void;
  /** Resolves when nothing that was begun continues: it has ended, or the control-plane is dead. */
  rest(): Promise<void>;
  /** Lets it die if it still lives, and what it watches is watched no more. */
  end(): Promise<void>;
}

/** @param isAtFault whether this call of a port fails; called before and after it is done. */
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

import { RouteStoreThrottled } from '@steppe/route-store/errors';
import type { SessionStore } from '@steppe/route-store/ports';
import { StartFailed } from '../provisioner/start-failed.ts';
import { AgentCallFailed } from '../sessions/agent-client.ts';
import { watchEnds } from '../sessions/watch-ends.ts';
import { createLife, type Life, mortal } from './mortal.ts';
import type { BedServices, ReconcilerBed } from './reconciler-bed.ts';

/** A control-plane without its HTTP server, that can die in the middle of anything. */
export interface MortalControlPlane {
  life: Life;
  services: BedServices;
  /** Begins something that nobody waits for; what it throws was told to whoever asked. */
  begin(work: (services: BedServices) => Promise<unknown>): void;
  /** Resolves when nothing that was begun goes on: it has come to an end, or the control-plane is dead. */
  rest(): Promise<void>;
  /** Lets it die if it still lives, and what it watches is watched no more. */
  end(): Promise<void>;
}

/** @param isAtFault whether this call of a port fails; asked before it is done and after that. */
export function startMortalControlPlane(bed: ReconcilerBed, store: SessionStore, isAtFault: () => boolean): MortalControlPlane {
  const life = createLife();
  const { provisioner, agents } = bed.services();
  const fail = (error: Error) => () => {
    if (isAtFault()) throw error;
  };
  const services = bed.services({
    store: mortal(store, life, fail(new RouteStoreThrottled('asks for fewer calls'))),
    provisioner: mortal(provisioner, life, fail(new StartFailed('quota', 'there is no room'))),
    agents: mortal(agents, life, fail(new AgentCallFailed('does not answer'))),
  });
  const watch = watchEnds(services);
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

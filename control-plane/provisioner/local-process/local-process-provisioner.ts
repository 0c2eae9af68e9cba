import type { InstanceId } from '@steppe/contracts/ids';
import type { EndListener, Instance, SessionProvisioner, StartRequest } from '../session-provisioner.ts';
import { StartFailed } from '../start-failed.ts';
import { type LaunchedInstance, type LaunchOptions, launchInstance } from './launch-instance.ts';
import { createStartSlots } from './start-slots.ts';

export interface LocalProcessOptions extends LaunchOptions {
  /** 4 where absent. */
  startsAtOnce?: number;
}

/** Instances are processes on this machine, which run code as the user who started this one. They end when this process does. */
export function createLocalProcessProvisioner({ startsAtOnce = 4, ...options }: LocalProcessOptions): SessionProvisioner {
  const slots = createStartSlots(startsAtOnce);
  const running = new Map<InstanceId, LaunchedInstance>();
  const starting = new Set<Promise<unknown>>();
  const listeners = new Set<EndListener>();
  const closing = new AbortController();

  const startInSlot = async (request: StartRequest): Promise<Instance> => {
    const signal = AbortSignal.any([closing.signal, request.signal]);
    const release = await slots.take(signal);
    try {
      const launched = await launchInstance(options, { ...request, signal });
      running.set(launched.instanceId, launched);
      void launched.gone.then((end) => {
        running.delete(end.instanceId);
        for (const listener of listeners) listener(end);
      });
      return toInstance(launched);
    } finally {
      release();
    }
  };

  return {
    async start(request) {
      const start = startInSlot(request);
      starting.add(start);
      try {
        return await start;
      } catch (cause) {
        if (request.signal.aborted || cause instanceof StartFailed) throw cause;
        throw new StartFailed('crashed', 'the instance could not be started', { cause });
      } finally {
        starting.delete(start);
      }
    },
    async end(instanceId) {
      const launched = running.get(instanceId);
      launched?.end('deleted');
      await launched?.gone;
    },
    list: async () => [...running.values()].map(toInstance),
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closing.abort(new StartFailed('crashed', 'the control-plane is closing'));
      await Promise.allSettled(starting);
      const left = [...running.values()];
      for (const launched of left) launched.end('node_lost');
      await Promise.all(left.map(({ gone }) => gone));
    },
  };
}

const toInstance = ({ instanceId, sessionId, address }: Instance): Instance => ({ instanceId, sessionId, address });

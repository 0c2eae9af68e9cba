import { createHook } from 'node:async_hooks';

/**
 * What has an order of its own only within the process: promises and ticks, the Immediate by which
 * the kernel waits for them, and Node's bookkeeping of HTTP messages.
 */
const ownOrder = new Set([
  'PROMISE',
  'TickObject',
  'Microtask',
  'Immediate',
  // cspell:disable-next-line
  'HTTPINCOMINGMESSAGE',
  'UNDICI_REQUEST',
]);

/**
 * Counts the resources of the real machine that are used from now on, by their types. A timer
 * counts when it fires: each server of Node starts one, which the network stops.
 */
export function auditMachine(): Record<string, number> {
  const used: Record<string, number> = {};
  const timers = new Set<number>();
  const count = (type: string) => {
    used[type] = (used[type] ?? 0) + 1;
  };
  createHook({
    init(id, type) {
      if (type === 'Timeout') timers.add(id);
      else if (!ownOrder.has(type)) count(type);
    },
    before(id) {
      if (timers.has(id)) count('Timeout');
    },
  }).enable();
  return used;
}

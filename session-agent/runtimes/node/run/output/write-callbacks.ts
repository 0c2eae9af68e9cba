import { nextTick } from '../realm/own-functions.ts';

/**
 * Calls the callbacks of writes in the next tick. `console.log` passes the same one each time: like
 * Node, this counts the calls, because a loop that prints a million lines has no ticks.
 */
export function createWriteCallbacks() {
  let waiting: Batch[] = [];

  function run(): void {
    const batches = waiting;
    waiting = [];
    let done = 0;
    try {
      for (; done < batches.length; done += 1) callAll(batches[done]);
    } finally {
      // One of them threw.
      const left = batches.slice(done);
      if (left.length > 0 && waiting.length === 0) nextTick(run);
      waiting = [...left, ...waiting];
    }
  }

  return {
    add(callback: Callback): void {
      const last = waiting.at(-1);
      if (last?.callback === callback) {
        last.calls += 1;
        return;
      }
      waiting.push({ callback, calls: 1 });
      if (waiting.length === 1) nextTick(run);
    },
  };
}

/** Any function. */
type Callback = Parameters<typeof Reflect.apply>[0];
type Batch = { callback: Callback; calls: number };

function callAll(batch: Batch | undefined): void {
  while (batch && batch.calls > 0) {
    batch.calls -= 1;
    Reflect.apply(batch.callback, undefined, [null]);
  }
}

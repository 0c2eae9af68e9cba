import type { EventEmitter } from 'node:events';
import process from 'node:process';
import type { StepGate } from '../step-gate.ts';

/**
 * A SIGINT listener takes the place of the watch that ends code before its first await, and some
 * end the process. Code that sets one while it runs is terminated instead. Listeners of earlier
 * steps are put aside by `vm` meanwhile.
 */
export function yieldToSignalListeners(gate: StepGate): void {
  const emitter: EventEmitter = process;
  // Before Node's own, which is what lets the signal come to listeners.
  emitter.prependListener('newListener', (event: unknown) => {
    if (event === 'SIGINT') gate.losesSignal();
  });
}

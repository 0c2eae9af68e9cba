import type { EventEmitter } from 'node:events';
import process from 'node:process';
import type { StepGate } from '../step-gate.ts';

/**
 * A SIGINT listener of user code replaces the one that ends code before its first await, and might
 * exit the process. Code that adds a listener while it runs is terminated instead. `vm` disables
 * the listeners of earlier steps meanwhile.
 */
export function yieldToSignalListeners(gate: StepGate): void {
  const emitter: EventEmitter = process;
  // Before Node's own listener, which starts to deliver the signal.
  emitter.prependListener('newListener', (event: unknown) => {
    if (event === 'SIGINT') gate.losesSignal();
  });
}

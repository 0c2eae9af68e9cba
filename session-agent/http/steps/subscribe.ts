import type { ServerResponse } from 'node:http';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import type { Step } from '../../steps/step.ts';
import type { StepQueue } from '../../steps/step-queue.ts';

interface Subscription {
  step: Step;
  queue: StepQueue;
  /** Undefined for a client that only reads. */
  onDisconnect?: ForwardedStep['on_disconnect'] | undefined;
}

/** Counts the response among the step's subscribers for as long as its connection is open. */
export function subscribe(
  outgoing: ServerResponse,
  { step, queue, onDisconnect }: Subscription,
): void {
  const leave = step.subscribers.join(onDisconnect, () => queue.cancel(step));
  outgoing.once('close', () => leave(outgoing.writableFinished ? 'finished' : 'disconnected'));
}

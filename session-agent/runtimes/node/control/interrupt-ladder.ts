import type { StepKey } from '../messages.ts';
import type { StepGate } from '../step-gate.ts';

const signalAfterMs = 60;
const terminateAfterMs = 160;
const againAfterMs = 50;
const killChildAfterMs = 600;
const giveUpAfterMs = 1500;

/**
 * Ends the step under way by the mildest means that works: tells the main thread to abandon it,
 * which it can while the step only awaits; sends SIGINT, which ends code before its first await;
 * terminates what runs after it. A child that the code waits for gets a SIGINT too, once the code
 * cannot go on after it, and SIGKILL if it stays. Beyond that only the agent can help. An interrupt
 * is acknowledged once it can no longer take effect: when its step is done, or at once if it no
 * longer runs.
 */
export function createInterruptLadder({
  gate,
  abandon,
  signal,
  terminate,
  signalChild,
  acknowledge,
  schedule,
}: Parts): InterruptLadder {
  let running: StepKey | null = null;
  let pending = 0;
  let rungs: (() => void)[] = [];

  function climb(step: StepKey): void {
    abandon(step);
    rungs = [schedule(signalAfterMs, () => trySignal() && freeFromChild('SIGINT'))];
    for (let afterMs = terminateAfterMs; afterMs <= giveUpAfterMs; afterMs += againAfterMs) {
      rungs.push(
        schedule(afterMs, () => {
          trySignal() || tryTerminate(step);
          if (afterMs === terminateAfterMs) freeFromChild('SIGINT');
          if (afterMs >= killChildAfterMs) freeFromChild('SIGKILL');
        }),
      );
    }
  }

  function freeFromChild(name: NodeJS.Signals): void {
    if (gate.awaitsChild()) signalChild(name);
  }

  function trySignal(): boolean {
    const isAllowed = gate.trySignal();
    if (isAllowed) signal();
    return isAllowed;
  }

  function tryTerminate(step: StepKey): void {
    if (!gate.tryTerminate()) return;
    terminate(() => {
      gate.terminated();
      abandon(step);
    });
  }

  return {
    began: (step) => {
      running = step;
    },
    ended(stepId) {
      if (running?.step_id !== stepId) return;
      running = null;
      for (const cancel of rungs.splice(0)) cancel();
      for (; pending > 0; pending -= 1) acknowledge(stepId);
    },
    interrupt(stepId) {
      if (running?.step_id !== stepId) {
        acknowledge(stepId);
        return;
      }
      pending += 1;
      if (pending === 1) climb(running);
    },
  };
}

type Parts = {
  gate: StepGate;
  abandon(step: StepKey): void;
  signal(): void;
  /** Calls back when V8 has unwound what ran. */
  terminate(onUnwound: () => void): void;
  /** To the child that the main thread waits for. */
  signalChild(name: NodeJS.Signals): void;
  acknowledge(stepId: string): void;
  /** Returns how to cancel. */
  schedule(delayMs: number, action: () => unknown): () => void;
};

export type InterruptLadder = {
  began(step: StepKey): void;
  ended(stepId: string): void;
  interrupt(stepId: string): void;
};

import type { StepKey } from '../messages.ts';
import type { StepGate } from '../step-gate.ts';
import type { StepChildren } from './step-children.ts';

const signalAfterMs = 60;
const terminateAfterMs = 160;
const againAfterMs = 50;
const killChildAfterMs = 600;
const giveUpAfterMs = 1500;

/**
 * Ends the running step by the mildest means that works. First the main thread is requested to
 * abandon it, which works while the step only awaits. Then SIGINT ends code before its first await,
 * and a termination of V8 ends code after it. A child process that the code waits for gets SIGINT
 * too, once the code cannot continue after it, and later SIGKILL. After that only the agent can
 * kill the worker. Other children of the step get SIGINT when it has ended. An interrupt is
 * acknowledged once it can no longer take effect: when its step is done, or immediately if the step
 * is not running.
 */
export function createInterruptLadder({
  gate,
  abandon,
  signal,
  terminate,
  children,
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
    if (gate.awaitsChild()) children.signalAwaited(name);
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
      children.stepBegins();
    },
    ended(stepId, isInterrupted) {
      if (running?.step_id !== stepId) return;
      if (isInterrupted) children.interrupt();
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
  /** Calls `onUnwound` when V8 has unwound the code. */
  terminate(onUnwound: () => void): void;
  children: StepChildren;
  acknowledge(stepId: string): void;
  /** @returns a function that cancels the action. */
  schedule(delayMs: number, action: () => unknown): () => void;
};

export type InterruptLadder = {
  began(step: StepKey): void;
  ended(stepId: string, isInterrupted: boolean): void;
  interrupt(stepId: string): void;
};

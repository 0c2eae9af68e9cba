import process from 'node:process';
import type { StepGate } from '../step-gate.ts';

const firstPauseMs = 10;
const longestPauseMs = 1000;
const probeMs = 5;

const activeResources = process.getActiveResourcesInfo;

/**
 * Notices when the running step waits for what can never come. Node emits `beforeExit` when nothing
 * in its event loop can call back any more. The control thread always can, so it does not count
 * while the loop is probed. A probe begins only when Node lists no timer, socket or request, and
 * ends after a few milliseconds, so that hardly any user code runs meanwhile.
 */
export function watchAwaits({ control, gate, later, onDeadEnd }: Parts): AwaitWatch {
  let usual: Map<string, number> | undefined;
  let awaited: string | null = null;
  let pauseMs = firstPauseMs;
  /** A check that the first pause precedes is due. */
  let isDueSoon = false;
  let cancel = (): void => undefined;
  let endProbe = (): void => undefined;

  const isQuiet = (): boolean =>
    // A termination may have left ticks, which would run, and could be terminated again, while
    // Node emits the event: then the process would exit.
    !gate.hasTerminated() &&
    [...countOf(activeResources())].every(([name, count]) => count <= (usual?.get(name) ?? 0));

  function checkLater(): void {
    isDueSoon = pauseMs === firstPauseMs;
    cancel = later(pauseMs, check);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }

  function check(): void {
    isDueSoon = false;
    if (awaited === null) return;
    if (isQuiet()) probe(awaited);
    else checkLater();
  }

  function probe(stepId: string): void {
    const restore = catchBeforeExit(() => {
      unlessTerminated(endProbe);
      // User code that continues must not run while the event is emitted.
      setImmediate(() => {
        if (awaited === stepId) isQuiet() ? onDeadEnd(stepId) : checkLater();
      });
    });
    if (!restore) {
      checkLater();
      return;
    }
    endProbe = () => {
      control.ref();
      restore();
      cancel();
      endProbe = () => undefined;
    };
    unlessTerminated(() => control.unref());
    cancel = later(probeMs, () => {
      unlessTerminated(endProbe);
      checkLater();
    });
  }

  /** A termination must not leave a probe half begun or half ended. */
  function unlessTerminated(change: () => void): void {
    gate.close();
    change();
    gate.open();
  }

  return {
    beforeStep() {
      usual ??= countOf(activeResources());
    },
    begin(stepId) {
      awaited = stepId;
      // Most steps await for less than a pause, and share one timer.
      if (isDueSoon) return;
      cancel();
      pauseMs = firstPauseMs;
      checkLater();
    },
    end() {
      awaited = null;
      endProbe();
    },
  };
}

type Parts = {
  control: { ref(): void; unref(): void };
  gate: StepGate;
  /** A timer that does not keep the process alive. @returns a function that cancels it. */
  later(delayMs: number, callback: () => void): () => void;
  onDeadEnd(stepId: string): void;
};

export type AwaitWatch = {
  /** What the driver itself uses is known before the first step. */
  beforeStep(): void;
  begin(stepId: string): void;
  /** Called while the gate is closed. */
  end(): void;
};

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/**
 * Replaces `process.emit`, which Node looks up for each event: listeners of user code must not
 * learn of it, since the process is not going to exit.
 * @returns a function that restores it; null if user code has frozen the object.
 */
function catchBeforeExit(callback: () => void): (() => void) | null {
  const own = Object.getOwnPropertyDescriptor(process, 'emit');
  const emit: unknown = process.emit;
  const value = (...event: unknown[]): unknown =>
    event[0] === 'beforeExit'
      ? callback()
      : typeof emit === 'function' && Reflect.apply(emit, process, event);
  if (!Reflect.defineProperty(process, 'emit', { value, writable: true, configurable: true }))
    return null;
  return () => {
    // User code may have replaced it in the meantime.
    if (Reflect.get(process, 'emit') !== value) return;
    if (own) Object.defineProperty(process, 'emit', own);
    else Reflect.deleteProperty(process, 'emit');
  };
}

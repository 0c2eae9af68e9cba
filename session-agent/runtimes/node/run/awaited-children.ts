import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { StepGate } from '../step-gate.ts';

/** Marks in the gate that the main thread is blocked until a child process exits. */
export function tellOfAwaitedChildren(gate: StepGate): void {
  for (const name of ['execSync', 'execFileSync', 'spawnSync']) {
    const original: unknown = Reflect.get(childProcess, name);
    if (typeof original !== 'function') continue;
    const telling = (...given: unknown[]): unknown =>
      gate.awaitChild(() => Reflect.apply(original, childProcess, given));
    Object.defineProperties(telling, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(childProcess, name, { value: telling });
  }
  syncBuiltinESMExports();
}

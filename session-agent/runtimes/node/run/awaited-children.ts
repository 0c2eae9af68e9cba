import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { StepGate } from '../step-gate.ts';

/** Lets an interrupt know that the main thread is stuck until a child ends. */
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

import { types } from 'node:util';
import vm from 'node:vm';
import type { FreshNames } from '../rewrite/declared-names.ts';
import { stepCall } from '../rewrite/driver-globals.ts';
import type { RewrittenStep } from '../rewrite/rewrite-step.ts';
import type { StepGate } from '../step-gate.ts';
import { mainLoader } from './modules/workspace-modules.ts';
import { callerFilename } from './realm/user-realm.ts';

/** A step's completion value, wrapped so that a promise is not awaited. */
export type Completion = [unknown];

const { runInThisContext } = vm.Script.prototype;

const runScript = (
  script: vm.Script,
  options?: vm.RunningScriptOptions,
): ReturnType<typeof runInThisContext> => Reflect.apply(runInThisContext, script, [options]);

/**
 * Compiles steps as scripts of the real global scope, and calls them so that SIGINT ends their code
 * before its first await.
 */
export function createStepCaller(
  realm: object,
  gate: StepGate,
): (step: RewrittenStep) => Completion | PromiseLike<Completion> {
  // It uses only the driver's own names: a step may declare `Symbol` or `globalThis`.
  const call = new vm.Script(`${stepCall}()`, { filename: callerFilename });
  Object.defineProperty(realm, stepCall, {
    value: undefined,
    writable: true,
    configurable: true,
    enumerable: false,
  });

  function awaitLeftSignal(): void {
    Reflect.set(realm, stepCall, gate.awaitSignal);
    try {
      runScript(call, { breakOnSigint: true, displayErrors: false });
    } catch {
      // The signal has ended this call instead of the step's.
    }
  }

  return ({ filename, functions, main }) => {
    if (functions !== null) runScript(compile(functions, filename), { displayErrors: false });
    const step: unknown = runScript(compile(main, filename), { displayErrors: false });
    if (typeof step !== 'function') throw new TypeError('a step is a function');
    if (gate.mayHaveSignal()) awaitLeftSignal();
    Reflect.set(realm, stepCall, () => gate.callSynchronously(() => step()));
    return runScript(call, { breakOnSigint: true, displayErrors: false });
  };
}

/**
 * Throws V8's SyntaxError for code that the parser of steps accepts and this V8 does not. The error
 * keeps the line number, without the rewritten source.
 */
function compile(source: string, filename: string): vm.Script {
  try {
    return new vm.Script(source, { filename, ...mainLoader });
  } catch (error) {
    if (types.isNativeError(error) && error.stack !== undefined)
      error.stack = error.stack.replace(/^(.*:\d+)\n.*\n[ \t]*\^+\n/, '$1\n');
    throw error;
  }
}

/**
 * Declares names for all scripts. If V8 rejects one, each is declared separately: a script that the
 * user ran may have declared it already.
 */
export function declareNames(names: FreshNames): void {
  const statements = [
    ...names.let.map((name) => `let ${name};`),
    ...names.var.map((name) => `var ${name};`),
  ];
  if (statements.length === 0 || tryToRun(statements.join(''))) return;
  for (const statement of statements) tryToRun(statement);
}

function tryToRun(source: string): boolean {
  try {
    runScript(new vm.Script(source));
    return true;
  } catch {
    return false;
  }
}

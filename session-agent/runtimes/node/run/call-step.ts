import vm from 'node:vm';
import type { FreshNames } from '../rewrite/declared-names.ts';
import { stepCall } from '../rewrite/driver-globals.ts';
import type { RewrittenStep } from '../rewrite/rewrite-step.ts';
import type { StepGate } from '../step-gate.ts';
import { callerFilename } from './stack-frames.ts';
import { mainLoader } from './workspace-modules.ts';

/** A step's completion value, wrapped so that a promise is not awaited. */
export type Completion = [unknown];

/**
 * Compiles steps as scripts of the real global scope, and calls them so that SIGINT ends their code
 * before its first await.
 */
export function createStepCaller(
  realm: object,
  gate: StepGate,
): (step: RewrittenStep) => Completion | Promise<Completion> {
  // It uses only the driver's own names: a step may declare `Symbol` or `globalThis`.
  const call = new vm.Script(`${stepCall}()`, { filename: callerFilename });
  Object.defineProperty(realm, stepCall, {
    value: undefined,
    writable: true,
    configurable: true,
    enumerable: false,
  });

  return ({ filename, functions, main }) => {
    if (functions !== null) compile(functions, filename).runInThisContext({ displayErrors: false });
    const step: unknown = compile(main, filename).runInThisContext({ displayErrors: false });
    if (typeof step !== 'function') throw new TypeError('a step is a function');
    Reflect.set(realm, stepCall, () => gate.callSynchronously(() => step()));
    return call.runInThisContext({ breakOnSigint: true, displayErrors: false });
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
    if (error instanceof Error && error.stack !== undefined)
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
    new vm.Script(source).runInThisContext();
    return true;
  } catch {
    return false;
  }
}

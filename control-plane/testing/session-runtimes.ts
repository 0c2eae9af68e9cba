import { builtInRuntimes } from '../runtimes/built-in-runtimes.ts';
import { findRuntime } from '../runtimes/find-runtime.ts';
import { type SessionRuntime, toSessionRuntime } from '../runtimes/session-runtime.ts';

/** The built-in runtimes, as the use cases see them. */
export const sessionRuntimes = (poolSize: number): readonly SessionRuntime[] =>
  builtInRuntimes(poolSize).map((definition) => toSessionRuntime(definition, 'test'));

export const pythonRuntime = (poolSize: number): SessionRuntime =>
  findRuntime(sessionRuntimes(poolSize), 'python');

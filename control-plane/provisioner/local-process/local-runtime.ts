import { join } from 'node:path';
import type { Language } from '@steppe/contracts/session';
import type { RuntimeDefinition } from '../../runtimes/runtime-definition.ts';

/** What a process of this machine needs of its runtime. */
export interface LocalRuntime {
  name: string;
  /** The program and the arguments that start the supervisor. */
  supervisorCommand: readonly string[];
  /** Python modules that are imported before a session needs them. */
  preload: readonly string[];
}

/** The interpreters for runtimes that name none. */
export type Interpreters = Readonly<Record<Language, string>>;

/** @param directory contains python/supervisor.py and node/supervisor.cjs. */
export const toLocalRuntime = (
  { name, language, interpreter, preload }: RuntimeDefinition,
  directory: string,
  interpreters: Interpreters,
): LocalRuntime => ({
  name,
  supervisorCommand: [
    interpreter ?? interpreters[language],
    join(directory, supervisors[language]),
  ],
  preload,
});

/** The supervisors that must exist in the directory. */
export const supervisorFiles = (directory: string): string[] =>
  Object.values(supervisors).map((file) => join(directory, file));

const supervisors: Readonly<Record<Language, string>> = {
  python: 'python/supervisor.py',
  node: 'node/supervisor.cjs',
};

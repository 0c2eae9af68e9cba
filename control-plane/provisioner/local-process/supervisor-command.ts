import { join } from 'node:path';
import type { Language } from '@steppe/contracts/session';
import type { RuntimeDefinition } from '../../runtimes/runtime-definition.ts';

/** The program and the arguments that start the supervisor of a runtime. */
export type SupervisorCommand = (runtime: RuntimeDefinition) => readonly string[];

/**
 * @param directory contains python/supervisor.py and node/supervisor.cjs.
 * @param interpreters for runtimes that name none.
 */
export const supervisorsIn =
  (directory: string, interpreters: Readonly<Record<Language, string>>): SupervisorCommand =>
  ({ language, interpreter = interpreters[language] }) => [
    interpreter,
    join(directory, supervisors[language]),
  ];

/** The supervisors that must exist in the directory. */
export const supervisorFiles = (directory: string): string[] =>
  Object.values(supervisors).map((file) => join(directory, file));

const supervisors: Readonly<Record<Language, string>> = {
  python: 'python/supervisor.py',
  node: 'node/supervisor.cjs',
};

import type { Language } from '@steppe/contracts/session';
import { interpreters, repository } from './config.ts';

const runtimes = `${repository}dist/runtimes/`;

/** One column of the table each: how its supervisor is started. */
export const supervisorCommands: Readonly<Record<Language, readonly string[]>> = {
  python: [interpreters.python, `${runtimes}python/supervisor.py`],
  node: [interpreters.node, `${runtimes}node/supervisor.cjs`],
};

export const languages: readonly Language[] = ['python', 'node'];

/** Something for each language: a new one has to give its own. */
export type PerLanguage<T> = Readonly<Record<Language, T>>;

import type { Language } from '@steppe/contracts/session';
import { interpreters, repository } from './config.ts';

const runtimes = `${repository}dist/runtimes/`;

/** How each language's supervisor is started. Each language is a column of the table. */
export const supervisorCommands: Readonly<Record<Language, readonly string[]>> = {
  python: [interpreters.python, `${runtimes}python/supervisor.py`],
  node: [interpreters.node, `${runtimes}node/supervisor.cjs`],
};

export const languages: readonly Language[] = ['python', 'node'];

/** A value per language: a new language must supply its own. */
export type PerLanguage<T> = Readonly<Record<Language, T>>;

import { fileURLToPath } from 'node:url';

/** The host variables that agents need. */
export const hostVariables = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  LANG: 'C.UTF-8',
};

/** The interpreters under test; an environment variable selects another one. */
export const interpreters = {
  python: process.env.STEPPE_PYTHON ?? 'python3',
  node: process.env.STEPPE_NODE ?? process.execPath,
};

/** The seed of the random interrupts; a failure prints it. */
export const seed = Number(process.env.STEPPE_TEST_SEED ?? Date.now() % 1_000_000);

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

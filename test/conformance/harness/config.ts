import { fileURLToPath } from 'node:url';

/** The variables of this machine that agents need. */
export const hostVariables = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  LANG: 'C.UTF-8',
};

/** The interpreters under test; another one by its variable. */
export const interpreters = {
  python: process.env.STEPPE_PYTHON ?? 'python3',
  node: process.env.STEPPE_NODE ?? process.execPath,
};

/** Of the random interrupts; printed with a failure. */
export const seed = Number(process.env.STEPPE_TEST_SEED ?? Date.now() % 1_000_000);

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

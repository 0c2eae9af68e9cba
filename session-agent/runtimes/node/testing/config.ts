import process from 'node:process';

/** The Node that runs supervisors and workers in tests. */
export const testedNode = process.env.STEPPE_NODE ?? process.execPath;

/** The seed of the random interrupts, which a failure reports, and how long they continue. */
export const randomSeed = Number(process.env.STEPPE_TEST_SEED ?? Date.now() % 1_000_000);
export const randomTriesMs = Number(process.env.STEPPE_TEST_RANDOM_MS ?? 40_000);

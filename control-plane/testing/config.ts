/** The seed of random tests. It is printed, so that a failure can be reproduced. */
export const seed = Number(process.env.STEPPE_TEST_SEED ?? Date.now() % 1_000_000);
/** The number of random histories that the model-based test runs. */
export const histories = Number(process.env.STEPPE_TEST_HISTORIES ?? 12);

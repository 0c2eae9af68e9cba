/** Of random tests; printed, so that a failure can be had again. */
export const seed = Number(process.env.STEPPE_TEST_SEED ?? Date.now() % 1_000_000);
/** Random histories that the model-based test goes through. */
export const histories = Number(process.env.STEPPE_TEST_HISTORIES ?? 12);

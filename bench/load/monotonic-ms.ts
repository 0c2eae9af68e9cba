/** The clock that all threads and processes of this machine share, in ms. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The driver's own functions: user code can replace the global ones. */
export const { parse, stringify } = JSON;

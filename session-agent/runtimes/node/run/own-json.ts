/** Those that the driver works with: user code may put others in their place. */
export const { parse, stringify } = JSON;

/**
 * What the driver writes to each raw stream before user code runs, and after it and all that it
 * flushed. Free of zod: drivers bundle it.
 */
export const startMarker = (nonce: string): Buffer =>
  Buffer.from(`\x1esteppe-start:${nonce}\x1e`, 'latin1');
export const endMarker = (nonce: string): Buffer =>
  Buffer.from(`\x1esteppe-end:${nonce}\x1e`, 'latin1');

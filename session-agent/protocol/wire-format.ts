// Shared with the Node driver, which bundles this file: it imports nothing.

/**
 * The largest body of a frame on `agent.sock`. A frame is a big-endian 32-bit length and that many
 * bytes of UTF-8: a line of JSON and, for a `display`, the bundle's JSON text on a second line.
 */
export const maxFrameBytes = 8 * 1024 * 1024;

/** The driver writes it to both raw streams before user code runs. */
export const startMarker = (nonce: string): Buffer =>
  Buffer.from(`\x1esteppe-start:${nonce}\x1e`, 'latin1');

/** The driver writes it to both raw streams after user code, once all its output is flushed. */
export const endMarker = (nonce: string): Buffer =>
  Buffer.from(`\x1esteppe-end:${nonce}\x1e`, 'latin1');

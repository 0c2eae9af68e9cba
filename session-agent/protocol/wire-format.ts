// Shared with the Node driver, which bundles this file: it imports nothing.

/**
 * The largest body of a frame on `agent.sock`. A frame is a big-endian 32-bit length and that many
 * bytes of UTF-8: a line of JSON and, for a `display`, the bundle's JSON text on a second line.
 */
export const maxFrameBytes = 8 * 1024 * 1024;

const prefix = (nonce: string): string => `\x1esteppe:${nonce}:`;

/** What all markers of a step begin with: the nonce is unknown before the step runs. */
export const markerPrefix = (nonce: string): Buffer => Buffer.from(prefix(nonce), 'latin1');

/** The byte that begins a marker and ends it. */
export const markerByte = 0x1e;

const marker = (nonce: string, name: string): Buffer =>
  Buffer.from(`${prefix(nonce)}${name}\x1e`, 'latin1');

/** The driver writes it to both raw streams before user code runs. */
export const startMarker = (nonce: string): Buffer => marker(nonce, 'start');

/** The driver writes it to both raw streams after user code, once all its output is flushed. */
export const endMarker = (nonce: string): Buffer => marker(nonce, 'end');

/**
 * The driver writes it to both raw streams when it turns from one to the other, and when it shows a
 * value: what it wrote and showed before precedes what follows.
 * @param turn the number of the turn, from 1.
 * @param shown how many `display` frames of the step precede it.
 */
export const turnMarker = (nonce: string, turn: number, shown: number): Buffer =>
  marker(nonce, `${turn},${shown}`);

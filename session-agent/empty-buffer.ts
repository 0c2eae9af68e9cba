/** Shared by all that begins empty: a step has several such buffers, and the journal many steps. */
export const emptyBuffer: Buffer = Buffer.alloc(0);

/** The largest body of a frame on `agent.sock`; a test holds it equal to the agent's own limit. */
export const maxBodyBytes = 8 * 1024 * 1024;

/**
 * A frame is a big-endian 32-bit length and that many bytes of UTF-8: a line of JSON and, where
 * there is one, a bundle's on another.
 */
export function encodeFrame(message: unknown, bundle?: string): Buffer {
  const json = JSON.stringify(message);
  const body = Buffer.from(bundle === undefined ? json : `${json}\n${bundle}`, 'utf8');
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, 4);
  return frame;
}

/**
 * Takes a byte stream in pieces of any size, hands on each whole message. Throws on a length above
 * the limit and on bad JSON.
 */
export function createFrameReader(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;

  return (chunk) => {
    pieces.push(chunk);
    held += chunk.length;
    while (held >= 4) {
      // Joined once, so that a length that was cut in two does not have all that follows copied
      // with each piece.
      if (chunkOf(pieces).length < 4) pieces = [Buffer.concat(pieces)];
      const head = chunkOf(pieces).readUInt32BE(0);
      if (head > maxBodyBytes)
        throw new RangeError(`a frame of ${head} bytes is above the limit of ${maxBodyBytes}`);
      if (held < 4 + head) return;
      const bytes = pieces.length === 1 ? chunkOf(pieces) : Buffer.concat(pieces);
      pieces = bytes.length > 4 + head ? [bytes.subarray(4 + head)] : [];
      held -= 4 + head;
      onMessage(JSON.parse(bytes.toString('utf8', 4, 4 + head)));
    }
  };
}

function chunkOf(pieces: Buffer[]): Buffer {
  return pieces[0] ?? Buffer.alloc(0);
}

import { turnMarker } from '../../../../protocol/wire-format.ts';

/**
 * Marks a step's turns from one stream to the other, and to what it shows, so that the agent can
 * keep their order.
 */
export function createTurns(mark: (marker: Buffer) => void) {
  let nonce: string | null = null;
  let turn = 0;
  let shown = 0;
  /** The stream that was written to since the last turn. */
  let current: number | null = null;
  const next = (): void => {
    turn += 1;
    if (nonce !== null) mark(turnMarker(nonce, turn, shown));
  };
  return {
    begin(ofStep: string): void {
      turn = shown = 0;
      current = null;
      nonce = ofStep;
    },
    wrote(fd: number): void {
      if (current === fd) return;
      if (current !== null) next();
      current = fd;
    },
    shows(): void {
      shown += 1;
      next();
      current = null;
    },
    end(): void {
      nonce = null;
    },
  };
}

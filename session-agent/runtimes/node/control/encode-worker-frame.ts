import type { WorkerFrame } from '../../../protocol/frames.ts';
import { encodeFrame } from '../framing.ts';

/** The bundle of a `display` stands on a line of its own. */
export function encodeWorkerFrame(frame: WorkerFrame): Buffer {
  if (frame.type !== 'display') return encodeFrame(frame);
  const { bundle, ...message } = frame;
  return encodeFrame(message, bundle);
}

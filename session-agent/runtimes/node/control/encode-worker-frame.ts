import type { WorkerFrame } from '../../../worker/frames.ts';
import { encodeFrame, maxBodyBytes } from '../framing.ts';

/** A frame that the agent will take: a bundle above the limit is cut down to its text. */
export function encodeWorkerFrame(frame: WorkerFrame): Buffer {
  const encoded = encodeFrame(frame);
  if (encoded.length - 4 <= maxBodyBytes || frame.type !== 'display') return encoded;
  const text = frame.bundle['text/plain'];
  const types = Object.keys(frame.bundle).join(', ');
  return encodeFrame({ ...frame, bundle: { 'text/plain': text ?? `[${types}: larger than 8 MiB]` }, truncated: true });
}

import { asRawJson, type RawJson } from '../../../protocol/raw-json.ts';
import { maxFrameBytes } from '../../../protocol/wire-format.ts';
import { stringify } from './own-json.ts';
import type { Bundle, Shown } from './shown-value.ts';

/** The bytes reserved for the frame's fields besides the bundle. */
const headBytes = 1024;

/** The JSON of a bundle that fits into a frame: a larger one is reduced to its text. */
export function bundleText({ bundle, truncated }: Shown): { bundle: RawJson; truncated: boolean } {
  const whole = join(bundle);
  if (Buffer.byteLength(whole) <= maxFrameBytes - headBytes) return { bundle: whole, truncated };
  const types = Object.keys(bundle).join(', ').slice(0, 4096);
  const text = bundle['text/plain'] ?? asRawJson(stringify(`[${types}: larger than 8 MiB]`));
  return { bundle: join({ 'text/plain': text }), truncated: true };
}

const join = (bundle: Bundle): RawJson =>
  asRawJson(
    `{${Object.entries(bundle)
      .map(([type, text]) => `${stringify(type)}:${text}`)
      .join(',')}}`,
  );

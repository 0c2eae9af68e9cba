import { isUtf8 } from 'node:buffer';
import { bundleKeys } from '@steppe/contracts/step-output';
import { checkJson } from './check-json.ts';
import { asRawJson, type RawJson } from './raw-json.ts';

/**
 * More than a driver sends. Whatever parses a bundle later may walk down into it, and each level
 * takes some of its stack.
 */
const maxBundleDepth = 256;

const slash = 0x2f;

/**
 * The JSON text of a MIME bundle, from bytes that come, in the end, from user code. No key of it
 * can be taken for one of ours: each has a `/`, or is one of a few.
 * @throws SyntaxError or RangeError for anything else.
 */
export function readBundle(bytes: Buffer): RawJson {
  if (bytes[0] !== 0x7b) throw new SyntaxError('a bundle is not a JSON object');
  if (!isUtf8(bytes)) throw new SyntaxError('a bundle is not valid UTF-8');
  checkJson(bytes, {
    maxDepth: maxBundleDepth,
    onKey: (start, end, valueStart) => {
      // An escape cannot hide what has a `/`: no name of ours has one.
      if (!bytes.subarray(start, end).includes(slash))
        requireKnown(bytes.toString('utf8', start + 1, end - 1), bytes[valueStart]);
    },
  });
  return asRawJson(bytes.toString('utf8'));
}

const firstBytes: Readonly<Record<(typeof bundleKeys)[number], readonly number[] | undefined>> = {
  display_id: [0x22],
  is_update: [0x74],
  metadata: undefined,
};

function requireKnown(key: string, firstOfValue: number | undefined): void {
  const known = bundleKeys.find((name) => name === key);
  if (!known)
    throw new SyntaxError(
      `a bundle has the key ${JSON.stringify(key.slice(0, 64))}, which is not a MIME type`,
    );
  if (firstBytes[known]?.includes(firstOfValue ?? 0) === false)
    throw new SyntaxError(`a bundle has a ${known} of another type`);
}

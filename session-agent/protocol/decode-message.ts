import { isUtf8 } from 'node:buffer';
import { bundleKeys } from '@steppe/contracts/step-output';
import { checkJson } from './check-json.ts';
import { asRawJson, type RawJson } from './raw-json.ts';

/**
 * A traceback of 256 KiB may have this many lines. Without a limit, a frame of empty lists takes a
 * hundred times its own bytes once it is parsed.
 */
const messageRules = { maxDepth: 8, maxValues: 300_000 };
/** More than a driver sends. A parser may need some of its stack for each level. */
const maxBundleDepth = 256;

const lineEnd = 0x0a;
const slash = 0x2f;
const openBrace = 0x7b;

/**
 * Decodes the body of a frame that ultimately comes from user code. A `bundle` is the bytes of its
 * line.
 * @throws SyntaxError if it is not a JSON object; RangeError if it exceeds the limits of a message.
 */
export function decodeMessage(body: Buffer): object {
  const end = body.indexOf(lineEnd);
  if (end === -1) return decodeLine(body);
  return { ...decodeLine(body.subarray(0, end)), bundle: body.subarray(end + 1) };
}

function decodeLine(line: Buffer): object {
  checkJson(line, messageRules);
  const message: unknown = JSON.parse(line.toString('utf8'));
  if (typeof message !== 'object' || message === null)
    throw new SyntaxError('a message is not a JSON object');
  return message;
}

/**
 * The JSON text of a MIME bundle that ultimately comes from user code. None of its keys can be
 * mistaken for an event's own field: each has a `/` or is in a short list.
 * @throws SyntaxError or RangeError for anything else.
 */
export function readBundle(bytes: Buffer): RawJson {
  if (bytes[0] !== openBrace) throw new SyntaxError('a bundle is not a JSON object');
  if (!isUtf8(bytes)) throw new SyntaxError('a bundle is not valid UTF-8');
  checkJson(bytes, {
    maxDepth: maxBundleDepth,
    onKey: (start, end, valueStart) => {
      // No field of an event has a `/`, and an escape cannot hide one.
      if (!bytes.subarray(start, end).includes(slash))
        requireKnown(bytes.toString('utf8', start + 1, end - 1), bytes[valueStart]);
    },
  });
  return asRawJson(bytes.toString('utf8'));
}

/** The bytes with which the value of each key may start; `undefined` means any. */
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
    throw new SyntaxError(`a bundle has a ${known} of the wrong type`);
}

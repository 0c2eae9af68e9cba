import { inspect, types } from 'node:util';
import { asRawJson, type RawJson } from '../../../../protocol/raw-json.ts';
import { maxFrameBytes } from '../../../../protocol/wire-format.ts';
import { decode } from '../realm/own-functions.ts';
import { plainJson, stringify, tooLarge } from './plain-json.ts';

/** The JSON of a shown value, by MIME type. */
export type Bundle = Record<string, RawJson>;
export type Shown = { bundle: Bundle; truncated: boolean };

/**
 * A value as the REPL prints it, and also as JSON if it is an object that JSON represents without
 * loss. Never throws.
 */
export function showValue(value: unknown): Shown {
  const whole = inspectSafely(value);
  const cut = cutText(whole);
  const truncated = cut.length < whole.length;
  const text = textJson(cut);
  const json =
    typeof value === 'object' && value !== null
      ? plainJson(value, maxFrameBytes, types.isProxy)
      : undefined;
  if (json === undefined) return { bundle: { 'text/plain': text }, truncated };
  if (json === tooLarge) return withoutTypes('application/json', text);
  return { bundle: { 'text/plain': text, 'application/json': json }, truncated };
}

export const textJson = (text: string): RawJson => asRawJson(stringify(text));

/** `inspect` runs code of the value, which may throw: inspectors, getters, `Symbol.toStringTag`. */
export function inspectSafely(value: unknown, depth = inspect.defaultOptions.depth): string {
  try {
    return inspect(value, { depth });
  } catch (error) {
    return `[${typeof value} that cannot be shown: ${reasonOf(error)}]`;
  }
}

function reasonOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'its inspection throws';
  }
}

/** The bytes reserved for the frame's fields besides the bundle. */
const headBytes = 1024;

/**
 * The JSON of a bundle that fits into a frame: a larger one is reduced to its text, which says so.
 */
export function bundleText({ bundle, truncated }: Shown): { bundle: RawJson; truncated: boolean } {
  const whole = join(bundle);
  if (Buffer.byteLength(whole) <= maxFrameBytes - headBytes) return { bundle: whole, truncated };
  const { 'text/plain': text, ...others } = bundle;
  const reduced = withoutTypes(Object.keys(others).join(', ').slice(0, 4096), text);
  return { ...reduced, bundle: join(reduced.bundle) };
}

/** @param text a JSON string. */
function withoutTypes(omitted: string, text = asRawJson('""')): Shown {
  const reason = stringify(`[${omitted} omitted: the bundle is larger than 8 MiB]`).slice(1);
  const lineEnd = text === '""' ? '' : '\\n';
  const whole = asRawJson(`${text.slice(0, -1)}${lineEnd}${reason}`);
  return { bundle: { 'text/plain': whole }, truncated: true };
}

const join = (bundle: Bundle): RawJson =>
  asRawJson(
    `{${Object.entries(bundle)
      .map(([type, text]) => `${stringify(type)}:${text}`)
      .join(',')}}`,
  );

const maxTextBytes = 256 * 1024;
const mark = '\n… (cut)';

/** At most 256 KiB of UTF-8, never half a character. */
export function cutText(text: string, maxBytes = maxTextBytes): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = Math.min(bytes.length, maxBytes - Buffer.byteLength(mark));
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return decode(bytes.subarray(0, end)) + mark;
}

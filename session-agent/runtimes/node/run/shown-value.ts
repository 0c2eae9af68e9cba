import { inspect, types } from 'node:util';
import { asRawJson, type RawJson } from '../../../protocol/raw-json.ts';
import { maxFrameBytes } from '../../../protocol/wire-format.ts';
import { stringify } from './own-json.ts';
import { plainJson, tooLarge } from './plain-json.ts';
import { cutText } from './text-limit.ts';

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
  if (json === tooLarge) return { bundle: { 'text/plain': text }, truncated: true };
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

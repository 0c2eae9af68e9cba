import { types } from 'node:util';
import { checkJson } from '../../../../protocol/check-json.ts';
import { asRawJson, type RawJson } from '../../../../protocol/raw-json.ts';
import { decode } from '../realm/own-functions.ts';
import { exposed, userRealm } from '../realm/user-realm.ts';
import { maxDepth, stringify } from './plain-json.ts';
import {
  type Bundle,
  cutText,
  inspectSafely,
  type Shown,
  showValue,
  textJson,
} from './shown-value.ts';

/**
 * The global `display`. It shows each value; an object whose keys all have a `/` is a MIME bundle.
 * Each of its properties shows one type.
 */
export function createDisplay(show: (shown: Shown) => void): Display {
  const showBundle = (bundle: Bundle): void => show({ bundle, truncated: false });
  const display = (...values: unknown[]): void => {
    for (const value of values) show(asMimeBundle(value) ?? showValue(value));
  };
  const shortcuts = {
    html: (html: string) => showBundle({ 'text/html': textJson(String(html)) }),
    markdown: (markdown: string) => showBundle({ 'text/markdown': textJson(String(markdown)) }),
    json: (value: unknown) =>
      show(
        mimeBundle([
          ['application/json', value],
          ['text/plain', inspectSafely(value)],
        ]),
      ),
    png: (image: string | Uint8Array) => showBundle({ 'image/png': textJson(asText(image)) }),
    svg: (svg: string | Uint8Array) =>
      showBundle({
        'image/svg+xml': textJson(typeof svg === 'string' ? svg : decode(svg)),
      }),
  };
  for (const shortcut of Object.values(shortcuts)) exposed(shortcut);
  return Object.assign(exposed(display), shortcuts);
}

export type Display = ((...values: unknown[]) => void) & {
  html(html: string): void;
  markdown(markdown: string): void;
  json(value: unknown): void;
  png(image: string | Uint8Array): void;
  svg(svg: string | Uint8Array): void;
};

function asMimeBundle(value: unknown): Shown | null {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || Array.isArray(value))
    return null;
  const keys = Object.keys(value);
  if (keys.length === 0 || !keys.every((key) => key.includes('/'))) return null;
  return mimeBundle(keys.map((key) => [key, Reflect.get(value, key)]));
}

/** JSON that is nested too deeply is left out, and the bundle has its text instead. */
function mimeBundle(contents: [type: string, value: unknown][]): Shown {
  const bundle: Bundle = {};
  const leftOut: unknown[] = [];
  for (const [type, value] of contents) {
    const carried = content(type, value);
    if (carried === undefined) leftOut.push(value);
    else bundle[type] = carried;
  }
  if (leftOut.length > 0) bundle['text/plain'] ??= textJson(cutText(inspectSafely(leftOut[0])));
  return { bundle, truncated: leftOut.length > 0 };
}

function content(type: string, value: unknown): RawJson | undefined {
  if (isJsonType(type)) return toJson(value);
  if (typeof value === 'string' || types.isUint8Array(value)) {
    const text = asText(value);
    return textJson(type === 'text/plain' ? cutText(text) : text);
  }
  return textJson(cutText(inspectSafely(value)));
}

function isJsonType(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}

/** Encodes bytes as base64, and keeps text. */
function asText(value: string | Uint8Array): string {
  if (typeof value === 'string') return value;
  return decode(value, 'base64');
}

/**
 * The value as `JSON.stringify` writes it; null if that leaves it out (a function); undefined if it
 * is nested too deeply.
 * @throws TypeError for a cycle, as `JSON.stringify` does.
 */
function toJson(value: unknown): RawJson | undefined {
  try {
    const text = stringify(value) ?? 'null';
    checkJson(Buffer.from(text), { maxDepth });
    return asRawJson(text);
  } catch (error) {
    // Nested too deeply, a stack overflow, or longer than a string can be.
    if (error instanceof RangeError || error instanceof userRealm.RangeError) return undefined;
    if (error instanceof TypeError) throw new userRealm.TypeError(error.message);
    throw error;
  }
}

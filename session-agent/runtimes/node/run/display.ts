import { types } from 'node:util';
import type { Json } from './plain-json.ts';
import { type Bundle, inspectSafely, type Shown, showValue } from './shown-value.ts';
import { cutText } from './text-limit.ts';

/** The global `display`: shows a value, or a MIME bundle where every key has a `/`; its properties are short for one type each. */
export function createDisplay(show: (shown: Shown) => void): Display {
  const showBundle = (bundle: Bundle): void => show({ bundle, truncated: false });
  return Object.assign((value: unknown): void => show(asMimeBundle(value) ?? showValue(value)), {
    html: (html: string) => showBundle({ 'text/html': String(html) }),
    markdown: (markdown: string) => showBundle({ 'text/markdown': String(markdown) }),
    json: (value: unknown) => showBundle({ 'application/json': toJson(value), 'text/plain': cutText(inspectSafely(value)) }),
    png: (image: string | Uint8Array) => showBundle({ 'image/png': asText(image) }),
    svg: (svg: string | Uint8Array) =>
      showBundle({ 'image/svg+xml': typeof svg === 'string' ? svg : Buffer.from(svg).toString() }),
  });
}

export type Display = ((value: unknown) => void) & {
  html(html: string): void;
  markdown(markdown: string): void;
  json(value: unknown): void;
  png(image: string | Uint8Array): void;
  svg(svg: string | Uint8Array): void;
};

function asMimeBundle(value: unknown): Shown | null {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || Array.isArray(value)) return null;
  const keys = Object.keys(value);
  if (keys.length === 0 || !keys.every((key) => key.includes('/'))) return null;
  const bundle: Bundle = {};
  for (const key of keys) bundle[key] = content(key, Reflect.get(value, key));
  return { bundle, truncated: false };
}

function content(type: string, value: unknown): Json {
  if (isJsonType(type)) return toJson(value);
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const text = asText(value);
    return type === 'text/plain' ? cutText(text) : text;
  }
  return cutText(inspectSafely(value));
}

function isJsonType(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}

/** Bytes as base64, text as it is. */
function asText(value: string | Uint8Array): string {
  if (typeof value === 'string') return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

/** As `JSON.stringify` sees it; what it cannot see (`undefined`, a function) is null. Throws on a cycle, as it does. */
function toJson(value: unknown): Json {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}

import { limits } from '@steppe/contracts/limits';
import { AppError } from '../app-error.ts';

export interface JsonShape {
  maxDepth: number;
  /**
   * Counts commas, lists and objects together: each value except the first of its parent follows a
   * comma.
   */
  maxValues: number;
}

const requestShape: JsonShape = { maxDepth: limits.jsonDepth, maxValues: limits.jsonValues };

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * Refuses JSON that would cost far more to parse and validate than its size suggests, in one pass
 * over its bytes. Text that is not JSON may pass: the parser refuses it.
 * @param bytes UTF-8, in which no byte of another character looks like a structural one.
 * @throws AppError `invalid_request` for too much nesting, `payload_too_large` for too many values
 */
export function requireJsonShape(
  bytes: Uint8Array,
  { maxDepth, maxValues }: JsonShape = requestShape,
): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case quote:
        i = endOfString(bytes, i + 1);
        break;
      case openingBracket:
      case openingBrace:
        if (++depth > maxDepth) throw tooDeep(maxDepth);
        if (++values > maxValues) throw tooManyValues(maxValues);
        break;
      case closingBracket:
      case closingBrace:
        depth--;
        break;
      case comma:
        if (++values > maxValues) throw tooManyValues(maxValues);
        break;
    }
  }
}

/**
 * This many bytes of a text are examined one by one before a search for the quote, which costs more
 * to start.
 */
const stretch = 256;

/** Returns the offset of the closing quote, or of the end of the bytes. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let i = start; ; ) {
    for (const end = Math.min(bytes.length, i + stretch); i < end; i++) {
      if (bytes[i] === quote) return i;
      if (bytes[i] === backslash) i++;
    }
    const at = bytes.indexOf(quote, i);
    if (at === -1) return bytes.length;
    let before = at;
    while (before > i && bytes[before - 1] === backslash) before--;
    // A quote after an odd number of backslashes is part of the text.
    if ((at - before) % 2 === 0) return at;
    i = at + 1;
  }
}

const tooDeep = (maxDepth: number): AppError =>
  new AppError(
    'invalid_request',
    `the body is nested too deeply; at most ${maxDepth} levels are allowed`,
    {
      details: { limit: 'depth', max_depth: maxDepth },
    },
  );

const tooManyValues = (maxValues: number): AppError =>
  new AppError(
    'payload_too_large',
    `the body has too many values; at most ${maxValues} are allowed`,
    {
      details: { limit: 'values', max_values: maxValues },
    },
  );

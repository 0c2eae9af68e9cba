/**
 * Called for each key of the outermost object, with the start and end of the key, quotes included,
 * and the start of its value.
 */
export type OnKey = (start: number, end: number, valueStart: number) => void;

interface JsonRules {
  /** Levels of arrays and objects. */
  maxDepth: number;
  /** Values of all kinds. Each can cost an object once it is parsed. */
  maxValues?: number;
  onKey?: OnKey;
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma, colon] = [code('"'), code('\\'), code(','), code(':')];
const [minus, plus, point, zero, exponent, hex] = [
  code('-'),
  code('+'),
  code('.'),
  code('0'),
  code('e'),
  code('u'),
];
const [openArray, closeArray, openObject, closeObject] = [
  code('['),
  code(']'),
  code('{'),
  code('}'),
];

type Expected = 'value' | 'first item' | 'first key' | 'key' | 'comma';

/**
 * Checks that the bytes are one JSON text without white space between its tokens, and builds no
 * values: time grows with the bytes, memory with the depth. It does not check for UTF-8.
 * @throws SyntaxError if they are not; RangeError if a limit is exceeded.
 */
export function checkJson(bytes: Uint8Array, rules: JsonRules): void {
  new JsonCheck(bytes, rules).run();
}

class JsonCheck {
  readonly #bytes: Uint8Array;
  readonly #rules: JsonRules;
  /** The closing bracket of each open array and object, the outermost first. */
  readonly #closers: Uint8Array;
  #depth = 0;
  #values = 0;
  #expected: Expected = 'value';
  #at = 0;

  constructor(bytes: Uint8Array, rules: JsonRules) {
    this.#bytes = bytes;
    this.#rules = rules;
    this.#closers = new Uint8Array(rules.maxDepth);
  }

  run(): void {
    while (this.#at < this.#bytes.length) this.#take(this.#bytes[this.#at] ?? 0);
    if (this.#depth > 0 || this.#expected !== 'comma') throw new SyntaxError('JSON ends too early');
  }

  #take(byte: number): void {
    const expected = this.#expected;
    if (expected === 'comma') this.#takeComma(byte);
    else if (expected === 'first key' && byte === closeObject) this.#close(byte);
    else if (expected === 'first item' && byte === closeArray) this.#close(byte);
    else if (expected === 'key' || expected === 'first key') this.#takeKey();
    else this.#takeValue(byte);
  }

  #takeValue(byte: number): void {
    const { maxValues } = this.#rules;
    this.#values += 1;
    if (maxValues !== undefined && this.#values > maxValues) {
      throw new RangeError(`JSON has too many values; at most ${maxValues} are allowed`);
    }
    if (byte === openArray) this.#open(closeArray, 'first item');
    else if (byte === openObject) this.#open(closeObject, 'first key');
    else
      this.#pass(
        byte === quote ? endOfString(this.#bytes, this.#at) : endOfScalar(this.#bytes, this.#at),
      );
  }

  #takeKey(): void {
    const start = this.#at;
    const end = endOfString(this.#bytes, start);
    if (this.#bytes[end] !== colon) throw unexpected(end);
    if (this.#depth === 1) this.#rules.onKey?.(start, end, end + 1);
    this.#expected = 'value';
    this.#at = end + 1;
  }

  #takeComma(byte: number): void {
    if (byte !== comma || this.#depth === 0) this.#close(byte);
    else {
      this.#expected = this.#closers[this.#depth - 1] === closeObject ? 'key' : 'value';
      this.#at += 1;
    }
  }

  #open(closer: number, next: Expected): void {
    const { maxDepth } = this.#rules;
    if (this.#depth === maxDepth)
      throw new RangeError(`JSON is nested too deeply; at most ${maxDepth} levels are allowed`);
    this.#closers[this.#depth] = closer;
    this.#depth += 1;
    this.#expected = next;
    this.#at += 1;
  }

  #close(byte: number): void {
    if (this.#depth === 0 || byte !== this.#closers[this.#depth - 1]) throw unexpected(this.#at);
    this.#depth -= 1;
    this.#pass(this.#at + 1);
  }

  /** A value ends before `end`. */
  #pass(end: number): void {
    this.#expected = 'comma';
    this.#at = end;
  }
}

const unexpected = (at: number): SyntaxError => new SyntaxError(`JSON is not valid at byte ${at}`);

const escapes = new Set([...'"\\/bfnrt'].map(code));

/** @param start of the opening quote. @returns the position after the closing quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== quote) throw unexpected(start);
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < 0x20) throw unexpected(at);
    if (byte === backslash) at = lastOfEscape(bytes, at);
  }
  throw unexpected(bytes.length);
}

function lastOfEscape(bytes: Uint8Array, at: number): number {
  const kind = bytes[at + 1] ?? 0;
  if (escapes.has(kind)) return at + 1;
  if (kind !== hex) throw unexpected(at);
  for (let digit = at + 2; digit < at + 6; digit += 1)
    if (!isHexDigit(bytes[digit] ?? 0)) throw unexpected(digit);
  return at + 5;
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

const words = new Map(
  ['true', 'false', 'null'].map((word) => [code(word), Uint8Array.from(word, code)]),
);

function endOfScalar(bytes: Uint8Array, start: number): number {
  const word = words.get(bytes[start] ?? 0);
  if (!word) return endOfNumber(bytes, start);
  for (let at = 1; at < word.length; at += 1)
    if (bytes[start + at] !== word[at]) throw unexpected(start);
  return start + word.length;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  const afterSign = start + (bytes[start] === minus ? 1 : 0);
  let end = bytes[afterSign] === zero ? afterSign + 1 : endOfDigits(bytes, afterSign);
  if (bytes[end] === point) end = endOfDigits(bytes, end + 1);
  if (((bytes[end] ?? 0) | 0x20) !== exponent) return end;
  const isSigned = bytes[end + 1] === plus || bytes[end + 1] === minus;
  return endOfDigits(bytes, end + (isSigned ? 2 : 1));
}

/** Requires at least one digit. */
function endOfDigits(bytes: Uint8Array, start: number): number {
  let end = start;
  while (isDigit(bytes[end] ?? 0)) end += 1;
  if (end === start) throw unexpected(start);
  return end;
}

import vm from 'node:vm';

/** A step that cannot be parsed. `traceback` shows the line and a caret below the position. */
export class StepSyntaxError extends Error {
  readonly traceback: string[];

  constructor(message: string, traceback: string[]) {
    super(message);
    this.name = 'SyntaxError';
    this.traceback = traceback;
  }
}

/** @param read the JavaScript in which the parser found `cause`. */
type Given = { cause: unknown; message?: string | undefined; read?: string | undefined };

export function createSyntaxError(code: string, filename: string, given: Given): StepSyntaxError {
  const place = placeOf(code, given.cause);
  const message =
    given.message ?? messageOfV8(given.read, place.line) ?? messageOf(code, given.cause, place);
  const line = (code.split(/\r\n|[\n\r\u2028\u2029]/)[place.line - 1] ?? '').slice(0, 4096);
  const before = line.slice(0, place.column).replace(/[^\t]/g, ' ');
  return new StepSyntaxError(message, [
    `${filename}:${place.line}`,
    line,
    `${before}^`,
    '',
    `SyntaxError: ${message}`,
  ]);
}

type Place = { line: number; column: number; offset: number };

/** acorn's `loc`, else sucrase's `pos`. The column counts from 0. */
function placeOf(code: string, cause: unknown): Place {
  const offset = property(cause, 'pos');
  const start = typeof offset === 'number' ? Math.min(offset, code.length) : 0;
  const loc = property(cause, 'loc');
  const line = property(loc, 'line');
  const column = property(loc, 'column');
  if (typeof line === 'number' && typeof column === 'number')
    return { line, column, offset: start };
  const lines = code.slice(0, start).split('\n');
  return { line: lines.length, column: lines.at(-1)?.length ?? 0, offset: start };
}

/** V8's message for the same line, if it is better than the parser's. It runs no code. */
function messageOfV8(source: string | undefined, line: number): string | undefined {
  if (source === undefined) return undefined;
  try {
    new vm.Script(`(async()=>{${source}\n})`, { filename: 'step' });
  } catch (error) {
    if (!(error instanceof Error) || !error.stack?.startsWith(`step:${line}\n`)) return undefined;
    return /^(?:await is only valid|Missing initializer|missing \))/.test(error.message)
      ? error.message
      : undefined;
  }
  return undefined;
}

function messageOf(code: string, cause: unknown, place: Place): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const bare = text.replace(/^Error transforming [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
  if (bare !== 'Unexpected token') return bare;
  const token = /^(?:[\p{ID_Start}$_][\p{ID_Continue}$]*|\S)/u.exec(code.slice(place.offset))?.[0];
  return token === undefined ? 'Unexpected end of input' : `Unexpected token '${token}'`;
}

function property(holder: unknown, key: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined;
}

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

/**
 * @param read the JavaScript in which the parser found `cause`; V8's words for it are used.
 * @param hint a sentence behind the message.
 */
type Given = {
  cause: unknown;
  message?: string;
  read?: string | undefined;
  hint?: string | undefined;
};

export function createSyntaxError(code: string, filename: string, given: Given): StepSyntaxError {
  const place = placeOf(code, given.cause);
  const found = given.message === undefined ? errorOfV8(given.read, place.line) : undefined;
  const said = given.message ?? found?.message ?? messageOf(code, given.cause, place);
  const message = given.hint === undefined ? said : `${said}. ${given.hint}`;
  const row = found?.line ?? place.line;
  const line = (code.split(/\r\n|[\n\r\u2028\u2029]/)[row - 1] ?? '').slice(0, maxLineLength);
  const caret = `${line.slice(0, place.column).replace(/[^\t]/g, ' ')}^`;
  // Types that were removed have moved V8's caret.
  const ofV8 = given.read === code ? found?.caret.slice(0, maxLineLength) : undefined;
  return new StepSyntaxError(message, [
    `${filename}:${row}`,
    line,
    ofV8?.trim() ? ofV8 : caret,
    '',
    `SyntaxError: ${message}`,
  ]);
}

const maxLineLength = 4096;

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

/**
 * V8's error, if it is where the parser stopped, or before. V8 does not know that a step may have
 * imports. No code runs.
 */
function errorOfV8(
  source: string | undefined,
  line: number,
): { message: string; caret: string; line: number } | undefined {
  if (source === undefined) return undefined;
  // A step may await, and may end too early.
  const attempts = [
    [`(async()=>{\n${source}\n})`, -1],
    [source, 0],
  ] as const;
  for (const [wrapped, lineOffset] of attempts) {
    try {
      new vm.Script(wrapped, { filename: 'step', lineOffset });
    } catch (error) {
      if (!(error instanceof SyntaxError)) continue;
      const [place = '', , caret = ''] = error.stack?.split('\n') ?? [];
      const found = Number(/^step:(\d+)$/.exec(place)?.[1]);
      const isOfModules = /'export'|import statement|'import\.meta'/.test(error.message);
      const isBefore = found < line && !error.message.startsWith('await');
      if (!isOfModules && (found === line || isBefore))
        return { message: error.message, caret, line: found };
    }
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

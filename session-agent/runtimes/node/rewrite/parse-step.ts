import type { Expression, Options, Program } from 'acorn';
import { transform } from 'sucrase';
import { BoundedParser, NestingError } from './bounded-parser.ts';
import { createSyntaxError } from './syntax-error.ts';
import { isReexport, startsFunction, walk } from './syntax-tree.ts';
import { hasTypeArguments } from './type-arguments.ts';

export type ParsedStep = { source: string; program: Program; typescript: boolean };

const options: Options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowHashBang: true,
};

/**
 * Parses a step as JavaScript, else as TypeScript.
 * @throws StepSyntaxError with positions in the user's source.
 */
export function parseStep(code: string, filename: string): ParsedStep {
  const plain = attempt(() => parseJavaScript(code));
  if ('value' in plain && !hasTypeArguments(code, plain.value))
    return { source: code, program: plain.value, typescript: false };
  // TypeScript has the same brackets, but its parser has no such limit.
  if ('error' in plain && plain.error instanceof NestingError)
    throw createSyntaxError(code, filename, { cause: plain.error });
  const stripped = attempt(() => stripTypes(code));
  const typed = 'value' in stripped ? attempt(() => parseJavaScript(stripped.value)) : stripped;
  if ('value' in stripped && 'value' in typed) {
    refuseNamespaces(code, stripped.value, filename);
    return { source: stripped.value, program: typed.value, typescript: true };
  }
  if ('value' in plain) return { source: code, program: plain.value, typescript: false };
  // Reports the error of the parser that got further: it is closer to what the user meant.
  const cause = 'error' in typed ? further(plain.error, typed.error) : plain.error;
  if ('error' in stripped) {
    throw createSyntaxError(code, filename, {
      cause,
      message: unsupportedIn(code),
      read: cause === plain.error ? code : undefined,
    });
  }
  const atDecorator = 'error' in typed && stripped.value[offsetOf(typed.error)] === '@';
  const message = atDecorator
    ? 'Decorators are not supported: call the decorator as a function'
    : undefined;
  throw createSyntaxError(code, filename, {
    cause,
    message,
    read: cause === plain.error ? code : stripped.value,
  });
}

function unsupportedIn(code: string): string | undefined {
  const isJsx = /<[A-Za-z>]/.test(code) && parsesAsJsx(code);
  return isJsx ? 'JSX is not supported: compile it, or call createElement' : undefined;
}

function parseJavaScript(source: string): Program {
  return parseObjectLiteral(source) ?? BoundedParser.parse(source, options);
}

/**
 * White space and comments. Each comment matches in only one way: a line of slashes must not be
 * tried as two comments and then as three.
 */
const comment = /\/\/.*(?:[\n\r\u2028\u2029]|$)|\/\*(?:[^*]|\*(?!\/))*\*\//.source;
const skipped = new RegExp(`^(?:\\s|${comment})*`);
const nothingElse = new RegExp(`^(?:\\s|;|${comment})*$`);

/** A step that is only an object literal is an object; in a script its braces would be a block. */
function parseObjectLiteral(source: string): Program | null {
  const start = skipped.exec(source)?.[0].length ?? 0;
  if (source[start] !== '{') return null;
  const parsed = attempt(() => BoundedParser.parseExpressionAt(source, start, options));
  if ('error' in parsed || !nothingElse.test(source.slice(parsed.value.end))) return null;
  return expressionProgram(source, parsed.value);
}

function expressionProgram(source: string, expression: Expression): Program {
  const { start, end } = expression;
  const statement = { type: 'ExpressionStatement' as const, start, end, expression };
  return { type: 'Program', start: 0, end: source.length, sourceType: 'script', body: [statement] };
}

/**
 * sucrase drops namespaces, so their contents would be missing. A namespace that is only declared
 * is a type.
 */
function refuseNamespaces(code: string, stripped: string, filename: string): void {
  const namespace = /^\s*(?:export\s+)?(?:namespace|module)\s+[\w$.]+\s*\{/;
  const left = stripped.split('\n');
  let pos = 0;
  for (const [index, line] of code.split('\n').entries()) {
    if (namespace.test(line) && !namespace.test(left[index] ?? '')) {
      throw createSyntaxError(code, filename, {
        cause: { pos },
        message: 'TypeScript namespaces are not supported: use an object',
      });
    }
    pos += line.length + 1;
  }
}

/** Whether the step itself awaits, outside its functions. */
export function awaits(program: Program): boolean {
  let found = false;
  walk(program, (node) => {
    if (node.type === 'AwaitExpression' || node.type === 'ImportDeclaration' || isReexport(node))
      found = true;
    if (node.type === 'ForOfStatement' && node.await) found = true;
    if (node.type === 'VariableDeclaration' && String(node.kind) === 'await using') found = true;
    return !found && !startsFunction(node);
  });
  return found;
}

function attempt<T>(callback: () => T): { value: T } | { error: unknown } {
  try {
    return { value: callback() };
  } catch (error) {
    return { error };
  }
}

function further(plain: unknown, typed: unknown): unknown {
  return offsetOf(typed) > offsetOf(plain) ? typed : plain;
}

function offsetOf(error: unknown): number {
  return typeof error === 'object' &&
    error !== null &&
    'pos' in error &&
    typeof error.pos === 'number'
    ? error.pos
    : -1;
}

/**
 * Turns TypeScript into JavaScript, with every statement on its line. Enums become objects.
 * @throws sucrase's own SyntaxError.
 */
function stripTypes(source: string): string {
  return transform(source, {
    transforms: ['typescript'],
    disableESTransforms: true,
    preserveDynamicImport: true,
    // The next step may use an import that this one does not.
    keepUnusedImports: true,
  }).code;
}

/** Whether the code would be valid if JSX were allowed. */
function parsesAsJsx(source: string): boolean {
  try {
    return (
      transform(source, {
        transforms: ['typescript', 'jsx'],
        jsxRuntime: 'preserve',
        keepUnusedImports: true,
      }).code !== ''
    );
  } catch {
    return false;
  }
}

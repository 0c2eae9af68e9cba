import type { Expression, Options, Program } from 'acorn';
import { BoundedParser, NestingError } from './bounded-parser.ts';
import { fenceHint } from './pasted-code.ts';
import {
  type Compiler,
  CompilerNeededError,
  dropsNamespace,
  mayDecorate,
  parsesAsJsx,
  stopsAtTypes,
  stripTypes,
} from './read-typescript.ts';
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
 * @throws StepSyntaxError with positions in the user's source; CompilerNeededError if `compile` is
 * needed and not given.
 */
export function parseStep(code: string, filename: string, compile?: Compiler): ParsedStep {
  const plain = attempt(() => parseJavaScript(code));
  if ('value' in plain && !hasTypeArguments(code, plain.value))
    return { source: code, program: plain.value, typescript: false };
  // TypeScript has the same brackets, but its parser has no such limit.
  if ('error' in plain && plain.error instanceof NestingError)
    throw createSyntaxError(code, filename, { cause: plain.error });
  const typed = readTypeScript(code, compile);
  if ('step' in typed) return typed.step;
  if ('value' in plain) return { source: code, program: plain.value, typescript: false };
  if (typed.source === undefined && /<[A-Za-z>]/.test(code) && parsesAsJsx(code)) {
    const message = 'JSX is not supported: compile it, or call createElement';
    throw createSyntaxError(code, filename, { cause: further(plain.error, typed.error), message });
  }
  const isTypeScript =
    stopsAtTypes(code, offsetOf(plain.error)) && further(plain.error, typed.error) === typed.error;
  const found = isTypeScript
    ? { cause: typed.error, read: typed.source }
    : { cause: plain.error, read: code };
  throw createSyntaxError(code, filename, { ...found, hint: fenceHint(code) });
}

type Failed = { error: unknown; source: string | undefined };

/** Removes types where that is enough, and compiles the rest. */
function readTypeScript(code: string, compile?: Compiler): { step: ParsedStep } | Failed {
  const stripped = readWith(stripTypes, code);
  const isWhole = 'step' in stripped && !dropsNamespace(code, stripped.step.source);
  if (isWhole || ('error' in stripped && !mayDecorate(code))) return stripped;
  if (!compile) throw new CompilerNeededError();
  const compiled = readWith(compile, code);
  return 'error' in compiled && 'error' in stripped
    ? { ...compiled, error: further(stripped.error, compiled.error) }
    : compiled;
}

function readWith(translate: Compiler, code: string): { step: ParsedStep } | Failed {
  const source = attempt(() => translate(code));
  if ('error' in source) return { error: source.error, source: undefined };
  const program = attempt(() => parseJavaScript(source.value));
  if ('error' in program) return { error: program.error, source: source.value };
  return { step: { source: source.value, program: program.value, typescript: true } };
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
  return offsetOf(typed) >= offsetOf(plain) ? typed : plain;
}

function offsetOf(error: unknown): number {
  return typeof error === 'object' &&
    error !== null &&
    'pos' in error &&
    typeof error.pos === 'number'
    ? error.pos
    : -1;
}

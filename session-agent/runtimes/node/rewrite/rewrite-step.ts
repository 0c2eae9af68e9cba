import type { Program } from 'acorn';
import { endsWithValue, keepCompletionValue, valueName } from './completion-value.ts';
import { constantsHolder, guardConstants } from './constant-assignments.ts';
import {
  type FreshNames,
  type KnownNames,
  type NameKind,
  type TopLevelNames,
  topLevelNames,
} from './declared-names.ts';
import { constantsGuard } from './driver-globals.ts';
import { applyEdits, type ColumnShift, type Edit } from './edits.ts';
import { awaits, parseStep } from './parse-step.ts';
import { refuseFence, withoutPrompts } from './pasted-code.ts';
import type { Compiler } from './read-typescript.ts';
import { rewriteDeclarations } from './rewrite-declarations.ts';
import { rewriteImports } from './rewrite-imports.ts';
import {
  blockFunctionsSetter,
  hoistFunctions,
  setBlockFunctions,
  topLevelFunctions,
} from './step-functions.ts';

export type RewrittenStep = {
  filename: string;
  /** Declared before any code of the step runs. */
  names: FreshNames;
  /** Runs before `main`: the step's functions. */
  functions: string | null;
  /**
   * An expression whose value is a function: the step. It returns `[value]`, or a promise of it if
   * the step awaits.
   */
  main: string;
  /** Whether a promise that is the value is awaited, and its value or error is the step's. */
  awaitsValue: boolean;
  shifts: ColumnShift[];
};

/**
 * Turns the code of a step into scripts for the real global scope.
 * @throws StepSyntaxError; CompilerNeededError if `compile` is needed and not given.
 */
export function rewriteStep(
  given: string,
  filename: string,
  known: KnownNames,
  compile?: Compiler,
): RewrittenStep {
  const code = withoutPrompts(given);
  refuseFence(code, filename);
  const { source, program, typescript } = parseStep(code, filename, compile);
  const top = topLevelNames(program);
  const guard = guardConstants(program, top.constants);
  const shared = [...rewriteImports(source, program, typescript), ...guard.edits];
  const isStrict = program.body.some(
    (node) => 'directive' in node && node.directive === 'use strict',
  );
  const opening = (isStrict ? '"use strict";' : '') + guardOf(guard.guarded);
  const isLexical = (name: string): boolean => top.declared.get(name) === 'let';
  const blocks = isStrict
    ? { edits: [], names: new Set<string>() }
    : setBlockFunctions(program, isLexical);
  const names = known.declare(mostLasting(top, blocks.names));

  const functions = hoist(source, program, {
    shared,
    opening,
    known,
    guarded: guard.guarded.size > 0,
  });
  const [blocksOpening, blocksEnd] = settersOf(blocks.names);
  const start = `(${blocksOpening}${awaits(program) ? 'async' : ''}()=>{${opening}let ${valueName};`;
  const edits = [
    { start: 0, end: 0, text: start },
    ...blocks.edits,
    ...rewriteDeclarations(source, program, typescript),
    ...shared,
    ...keepCompletionValue(source, program),
  ];
  const main = applyEdits(withoutHashbang(source), edits);
  return {
    filename,
    names,
    functions: functions?.text ?? null,
    awaitsValue: endsWithValue(program),
    main: `${main.text}\n;return[${valueName}]}${blocksEnd})`,
    shifts: [...main.shifts, ...(functions?.shifts ?? [])],
  };
}

type Hoisting = { shared: Edit[]; opening: string; known: KnownNames; guarded: boolean };

function hoist(source: string, program: Program, { shared, opening, known, guarded }: Hoisting) {
  const functions = topLevelFunctions(program);
  if (functions.length === 0) return null;
  const assign = guarded || functions.some(({ id }) => known.kindOf(id.name) === 'let');
  const start = assign ? `(()=>{${opening}` : opening;
  const inside = shared.filter((edit) =>
    functions.some(({ start, end }) => edit.start >= start && edit.end <= end),
  );
  const edits = [
    { start: 0, end: 0, text: start },
    ...hoistFunctions(source, functions, assign),
    ...inside,
  ];
  const { text, shifts } = applyEdits(source, edits);
  return { text: assign ? `${text}\n})()` : text, shifts };
}

function guardOf(guarded: ReadonlySet<string>): string {
  if (guarded.size === 0) return '';
  const getters = [...guarded].map((name) => `${name}:()=>${name}`);
  return `const ${constantsHolder}=${constantsGuard}({${getters.join()}});`;
}

/** The code around the wrapper if blocks declare functions. */
function settersOf(names: ReadonlySet<string>): [opening: string, end: string] {
  if (names.size === 0) return ['', ''];
  const setters = [...names].map((name) => `set ${name}(value){${name}=value}`);
  return [`(${blockFunctionsSetter}=>`, `)({${setters.join()}})`];
}

/**
 * A `var` whose name is an accessor of the global object would call its setter, so such a name
 * becomes a `let`.
 */
function mostLasting(
  { declared }: TopLevelNames,
  inBlocks: ReadonlySet<string>,
): Map<string, NameKind> {
  const kinds = new Map<string, NameKind>([
    ...[...inBlocks].map((name): [string, NameKind] => [name, 'var']),
    ...declared,
  ]);
  for (const name of kinds.keys()) {
    if (Object.getOwnPropertyDescriptor(globalThis, name)?.get) kinds.set(name, 'let');
  }
  return kinds;
}

function withoutHashbang(source: string): string {
  return source.startsWith('#!') ? `//${source.slice(2)}` : source;
}

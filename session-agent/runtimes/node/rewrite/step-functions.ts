import type { AnyNode, FunctionDeclaration, Program } from 'acorn';
import { declarationIn, isShadowed } from './declared-names.ts';
import { blank, type Edit } from './edits.ts';
import { startsFunction, walk } from './syntax-tree.ts';

export function topLevelFunctions(program: Program): FunctionDeclaration[] {
  return program.body.flatMap((statement) => {
    const declaration = declarationIn(statement);
    return declaration?.type === 'FunctionDeclaration' && declaration.id
      ? [declaration as FunctionDeclaration]
      : [];
  });
}

/**
 * A second script that runs before the step: its functions at their positions, and white space for
 * the rest. As declarations of a script they become global and keep their text. `assign` turns them
 * into assignments, for names in the scope of scripts and for functions that use the step's
 * wrapper.
 */
export function hoistFunctions(
  source: string,
  functions: readonly FunctionDeclaration[],
  assign: boolean,
): Edit[] {
  const edits: Edit[] = [];
  let done = 0;
  for (const declaration of functions) {
    edits.push({
      start: done,
      end: declaration.start,
      text: blank(source.slice(done, declaration.start)),
    });
    if (assign) edits.push(...assignment(declaration));
    done = declaration.end;
  }
  edits.push({ start: done, end: source.length, text: blank(source.slice(done)) });
  return edits;
}

/**
 * Removes the name: in a function expression it would hide the variable that later steps can set.
 */
function assignment({ id, start, end }: FunctionDeclaration): Edit[] {
  return [
    { start, end: start, text: `${id.name}=` },
    { start: id.start, end: id.end, text: '' },
    { start: end, end, text: ';' },
  ];
}

/**
 * A parameter around the step's wrapper. Its setters reach the names of all steps, which a block's
 * own declaration hides.
 */
export const blockFunctionsSetter = '__steppe_blocks';

/**
 * Outside strict mode, a function that a block declares belongs to the step too after the block is
 * entered, unless the step or an enclosing block declares its name in another way.
 */
export function setBlockFunctions(
  program: Program,
  isLexical: (name: string) => boolean,
): { edits: Edit[]; names: Set<string> } {
  const edits: Edit[] = [];
  const names = new Set<string>();
  walk(program, (node, ancestors) => {
    const block = ancestors.at(-1);
    const opening = block && openingOf(block, node);
    if (opening !== undefined && isPlainFunction(node)) {
      const { name } = node.id;
      const around = ancestors.slice(0, block?.type === 'SwitchCase' ? -2 : -1);
      if (!isLexical(name) && !isShadowed(name, around)) {
        names.add(name);
        edits.push({
          start: opening,
          end: opening,
          text: `${blockFunctionsSetter}.${name}=${name};`,
        });
      }
    }
    return !startsFunction(node);
  });
  return { edits, names };
}

function openingOf(parent: AnyNode, node: AnyNode): number | undefined {
  if (parent.type === 'BlockStatement') return parent.start + 1;
  return parent.type === 'SwitchCase' ? node.start : undefined;
}

function isPlainFunction(node: AnyNode): node is FunctionDeclaration {
  return node.type === 'FunctionDeclaration' && node.id !== null && !node.async && !node.generator;
}

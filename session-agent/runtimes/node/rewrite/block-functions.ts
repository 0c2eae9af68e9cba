import type { AnyNode, FunctionDeclaration, Program } from 'acorn';
import type { Edit } from './edits.ts';
import { isShadowed } from './scopes.ts';
import { startsFunction, walk } from './syntax-tree.ts';

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

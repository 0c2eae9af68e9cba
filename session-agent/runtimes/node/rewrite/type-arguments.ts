import type { AnyNode, BinaryExpression, Program } from 'acorn';
import { walk } from './syntax-tree.ts';

const typeOfTypeScript =
  /\b(?:any|bigint|boolean|never|number|object|string|symbol|unknown|void)\b/;

/**
 * Whether code that parses as JavaScript is clearly TypeScript: `f<T>(x)`, which would compare the
 * result of a comparison, or `f<string, T>(x)`. `[a<b, c>(d)]` may be two comparisons.
 */
export function hasTypeArguments(source: string, program: Program): boolean {
  let found = false;
  walk(program, (node) => {
    found ||=
      (closes(source, node) && opens(source, node.left)) || hasTypeList(source, listOf(node));
    return !found;
  });
  return found;
}

function hasTypeList(source: string, list: readonly (AnyNode | null)[]): boolean {
  const first = list.findIndex((node) => opens(source, node));
  const last = list.findIndex((node, index) => index > first && closes(source, node));
  const [opening, closing] = [list[first], list[last]];
  if (!opens(source, opening) || !closes(source, closing)) return false;
  return typeOfTypeScript.test(source.slice(opening.right.start, closing.left.end));
}

/** `f<T` */
function opens(source: string, node: AnyNode | null | undefined): node is BinaryExpression {
  return (
    isComparison(node, '<') && /\w<$/.test(source.slice(node.right.start - 2, node.right.start))
  );
}

/** `T>(x)` */
function closes(source: string, node: AnyNode | null | undefined): node is BinaryExpression {
  return isComparison(node, '>') && source.startsWith('>(', node.left.end);
}

function isComparison(
  node: AnyNode | null | undefined,
  operator: '<' | '>',
): node is BinaryExpression {
  return node?.type === 'BinaryExpression' && node.operator === operator;
}

function listOf(node: AnyNode): readonly (AnyNode | null)[] {
  if (node.type === 'SequenceExpression') return node.expressions;
  if (node.type === 'ArrayExpression') return node.elements;
  return node.type === 'CallExpression' || node.type === 'NewExpression' ? node.arguments : [];
}

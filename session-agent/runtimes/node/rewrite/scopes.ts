import type { AnyNode } from 'acorn';
import { namesIn, startsFunction } from './syntax-tree.ts';
import { boundBy, varDeclarations } from './top-level-names.ts';

/** Whether one of these ancestors declares the name, so that it is not the step's own. */
export function isShadowed(name: string, ancestors: readonly AnyNode[]): boolean {
  return ancestors.some(
    (ancestor) => ancestor.type !== 'Program' && declaredBy(ancestor).includes(name),
  );
}

/** The names that are declared in the scope of this node. */
function declaredBy(node: AnyNode): string[] {
  if (node.type === 'BlockStatement' || node.type === 'StaticBlock')
    return node.body.flatMap(lexicalNames);
  if (node.type === 'SwitchStatement')
    return node.cases.flatMap((branch) => branch.consequent.flatMap(lexicalNames));
  if (node.type === 'ForStatement') return node.init ? lexicalNames(node.init) : [];
  if (node.type === 'ForInStatement' || node.type === 'ForOfStatement')
    return lexicalNames(node.left);
  if (node.type === 'CatchClause') return node.param ? namesIn(node.param) : [];
  if (node.type === 'ClassExpression') return node.id ? [node.id.name] : [];
  if (!startsFunction(node) || !('params' in node)) return [];
  const own = node.type === 'FunctionExpression' && node.id ? [node.id.name] : [];
  return [...own, ...node.params.flatMap(namesIn), ...varDeclarations(node).flatMap(boundBy)];
}

function lexicalNames(statement: AnyNode): string[] {
  if (statement.type === 'VariableDeclaration')
    return statement.kind === 'var' ? [] : boundBy(statement);
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration')
    return statement.id ? [statement.id.name] : [];
  return [];
}

import type { AnyNode, ClassDeclaration, Program, VariableDeclaration } from 'acorn';
import { declarationIn } from './declared-names.ts';
import { blank, type Edit } from './edits.ts';
import { startsFunction, walk } from './syntax-tree.ts';

/**
 * The names of a step are declared before it, once for all steps. So `const x = 1` becomes `(x =
 * 1);`, and `class A {}` becomes `A = class A {}`. `hoistFunctions` moves functions out and leaves
 * white space.
 */
export function rewriteDeclarations(source: string, program: Program, typescript: boolean): Edit[] {
  const edits: Edit[] = [];
  for (const statement of program.body) {
    const declaration = declarationIn(statement);
    if (declaration?.type === 'FunctionDeclaration' && declaration.id)
      edits.push(removal(source, declaration));
    else if (declaration?.type === 'ClassDeclaration' && declaration.id)
      edits.push(...assignClass(declaration));
  }
  walk(program, (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (node.type === 'VariableDeclaration' && parent && isStepOwn(node, parent)) {
      edits.push(...assignVariables(source, node, parent, typescript));
    }
    return !startsFunction(node);
  });
  return edits;
}

export function removal(source: string, node: { start: number; end: number }): Edit {
  return { start: node.start, end: node.end, text: blank(source.slice(node.start, node.end)) };
}

function assignClass(declaration: ClassDeclaration): Edit[] {
  return [
    { start: declaration.start, end: declaration.start, text: `;${declaration.id.name}=` },
    { start: declaration.end, end: declaration.end, text: ';' },
  ];
}

function isStepOwn(node: VariableDeclaration, parent: AnyNode): boolean {
  if (node.kind === 'var') return true;
  const atTop = parent.type === 'Program' || parent.type === 'ExportNamedDeclaration';
  return atTop && (node.kind === 'let' || node.kind === 'const');
}

function assignVariables(
  source: string,
  node: VariableDeclaration,
  parent: AnyNode,
  typescript: boolean,
): Edit[] {
  const keyword = { start: node.start, end: node.start + node.kind.length };
  const isLoopTarget =
    (parent.type === 'ForInStatement' || parent.type === 'ForOfStatement') && parent.left === node;
  if (isLoopTarget) return [{ ...keyword, text: ' '.repeat(node.kind.length) }];

  // In a list of statements a `;` separates the parenthesis from the line above.
  const inList =
    'body' in parent
      ? Array.isArray(parent.body)
      : parent.type === 'SwitchCase' || parent.type === 'ExportNamedDeclaration';
  const edits: Edit[] = [{ ...keyword, text: (inList ? ';(' : '(').padEnd(node.kind.length) }];
  for (const declarator of node.declarations) {
    // `var x;` keeps the value of x. sucrase writes one before each enum, which must be a new
    // object.
    const resets = node.kind !== 'var' || (typescript && opensEnum(source, node));
    if (!declarator.init && resets)
      edits.push({ start: declarator.end, end: declarator.end, text: '=void 0' });
  }
  const closed = source[node.end - 1] === ';';
  const end = closed ? node.end - 1 : node.end;
  const isLoopHead = parent.type === 'ForStatement' && parent.init === node;
  edits.push({ start: end, end, text: closed || isLoopHead ? ')' : ');' });
  return edits;
}

function opensEnum(source: string, node: VariableDeclaration): boolean {
  return /^\s*\(function \(/.test(source.slice(node.end, node.end + 200));
}

import type { AnyNode, ExpressionStatement, Program } from 'acorn';
import type { Edit } from './edits.ts';

/** A variable of the step's wrapper: the value of its last statement. */
export const valueName = '__steppe_value';

/**
 * Keeps the value of the last statement, or of the statements inside an `if`, loop, `try`, `switch`
 * or block. Declarations, and blocks that hold only declarations, have no value and do not count.
 */
export function keepCompletionValue(source: string, program: Program): Edit[] {
  const last = program.body.findLast((statement) => !isEmpty(statement));
  if (!last) return [];
  if (last.type === 'ExportDefaultDeclaration') return keepDefaultExport(source, last.declaration);
  return valuesWithin(last).flatMap((statement) => keepValue(source, statement));
}

/** False if declarations follow the statement that has the value. */
export function endsWithValue(program: Program): boolean {
  const last = program.body.findLast(({ type }) => type !== 'EmptyStatement');
  return last !== undefined && !isEmpty(last);
}

/** In ECMAScript its completion is empty, so the value of the previous statement remains. */
function isEmpty(node: AnyNode): boolean {
  switch (node.type) {
    case 'BlockStatement':
      return node.body.every(isEmpty);
    case 'LabeledStatement':
      return isEmpty(node.body);
    case 'ExportDefaultDeclaration':
      return isNamed(node.declaration);
    default:
      return /^(?:Empty|Debugger)Statement$|Declaration$/.test(node.type);
  }
}

function isNamed(declaration: AnyNode): boolean {
  return (
    (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
    Boolean(declaration.id)
  );
}

function valuesWithin(node: AnyNode): ExpressionStatement[] {
  switch (node.type) {
    case 'ExpressionStatement':
      return [node];
    case 'BlockStatement':
      return node.body.flatMap(valuesWithin);
    case 'IfStatement':
      return [node.consequent, node.alternate].flatMap((branch) =>
        branch ? valuesWithin(branch) : [],
      );
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'LabeledStatement':
    case 'WithStatement':
      return valuesWithin(node.body);
    case 'SwitchStatement':
      return node.cases.flatMap((branch) => branch.consequent.flatMap(valuesWithin));
    case 'TryStatement':
      // The value of a `finally` block is never the value of the statement.
      return [
        ...valuesWithin(node.block),
        ...(node.handler ? valuesWithin(node.handler.body) : []),
      ];
    default:
      return [];
  }
}

function keepValue(source: string, statement: ExpressionStatement): Edit[] {
  const { start, end, expression } = statement;
  const last = source[end - 1] === ';' ? end - 1 : end;
  return [
    { start, end: start, text: opening(expression) },
    { start: last, end: last, text: ')' },
  ];
}

function keepDefaultExport(source: string, declaration: AnyNode): Edit[] {
  const { start, end } = declaration;
  const closed = source[end] === ';';
  return [
    { start, end: start, text: opening(declaration) },
    { start: end, end, text: closed ? ')' : ');' },
  ];
}

/** The comma keeps an anonymous function from being named after the variable. */
function opening(expression: AnyNode): string {
  const nameless = /^(?:Arrow)?(?:Function|Class)/.test(expression.type);
  return `${valueName}=(${nameless ? '0,' : ''}`;
}

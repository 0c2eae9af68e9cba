import type { AnyNode, Program, Statement, VariableDeclaration } from 'acorn';
import { namesIn, startsFunction, walk } from './syntax-tree.ts';

/** Where a name is kept between steps: in the scope of all scripts, or in the global object. */
export type NameKind = 'let' | 'var';

export type TopLevelNames = {
  /**
   * In the order of the source. A name that a step declares twice (`var`, `function`) occurs once.
   */
  declared: Map<string, NameKind>;
  /** The names that this step must not assign again. */
  constants: Set<string>;
};

export function topLevelNames(program: Program): TopLevelNames {
  const declared = new Map<string, NameKind>();
  const constants = new Set<string>();
  const add = (names: string[], kind: NameKind): void => {
    for (const name of names) if (!declared.has(name)) declared.set(name, kind);
  };
  for (const statement of program.body) {
    const declaration = declarationIn(statement);
    if (declaration?.type === 'FunctionDeclaration' && declaration.id)
      add([declaration.id.name], 'var');
    else if (declaration?.type === 'ClassDeclaration' && declaration.id)
      add([declaration.id.name], 'let');
    else if (declaration?.type === 'VariableDeclaration' && isLexical(declaration)) {
      add(boundBy(declaration), 'let');
      if (declaration.kind === 'const')
        for (const name of boundBy(declaration)) constants.add(name);
    } else if (statement.type === 'ImportDeclaration') {
      const names = statement.specifiers.map((specifier) => specifier.local.name);
      add(names, 'let');
      for (const name of names) constants.add(name);
    }
  }
  for (const declaration of varDeclarations(program)) add(boundBy(declaration), 'var');
  return { declared, constants };
}

/** The declaration in a statement of the step, with or without `export`. */
export function declarationIn(statement: Program['body'][number]): Statement | AnyNode | null {
  if (statement.type === 'ExportNamedDeclaration') return statement.declaration ?? null;
  if (statement.type === 'ExportDefaultDeclaration') return statement.declaration;
  return statement;
}

/** Every `var` of the step itself, at any depth of blocks. */
export function varDeclarations(root: AnyNode): VariableDeclaration[] {
  const found: VariableDeclaration[] = [];
  walk(root, (node) => {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') found.push(node);
    return node === root || !startsFunction(node);
  });
  return found;
}

export function boundBy(declaration: VariableDeclaration): string[] {
  return declaration.declarations.flatMap((declarator) => namesIn(declarator.id));
}

function isLexical(declaration: VariableDeclaration): boolean {
  return declaration.kind === 'let' || declaration.kind === 'const';
}

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

/** Remembers how each name was first declared, because V8 allows no change after that. */
export function createKnownNames(): KnownNames {
  const kinds = new Map<string, NameKind>();
  return {
    kindOf: (name) => kinds.get(name),
    declare(wanted) {
      const fresh = { let: [] as string[], var: [] as string[] };
      for (const [name, kind] of wanted) {
        if (kinds.has(name)) continue;
        kinds.set(name, kind);
        fresh[kind].push(name);
      }
      return fresh;
    },
  };
}

export type FreshNames = { let: string[]; var: string[] };

export type KnownNames = {
  kindOf(name: string): NameKind | undefined;
  /** @returns the names that no step has declared yet, to be declared before this one runs. */
  declare(wanted: ReadonlyMap<string, NameKind>): FreshNames;
};

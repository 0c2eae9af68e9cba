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

import { type PluginObj, transformSync, types, type Visitor } from '@babel/core';
import decorators from '@babel/plugin-proposal-decorators';
import typescript from '@babel/preset-typescript';
import type { Compiler } from './read-typescript.ts';

/**
 * Compiles what removing types does not: namespaces, decorators as ECMAScript defines them, and
 * `accessor`. Statements stay on their lines; columns change.
 * @throws Babel's SyntaxError, with `pos`, `loc` and a message of one line.
 */
export const compileTypeScript: Compiler = (code) => {
  try {
    const compiled = transformSync(code, {
      filename: 'step.ts',
      configFile: false,
      babelrc: false,
      retainLines: true,
      highlightCode: false,
      presets: [[typescript, typeScriptOptions]],
      plugins: [nameClasses, [decorators, { version: '2023-11' }], hideHelpers],
    });
    return compiled?.code ?? '';
  } catch (error) {
    if (error instanceof Error)
      error.message = error.message.replace(/^.*?step\.ts: /, '').replace(/\n[\s\S]*$/, '');
    throw error;
  }
};

const typeScriptOptions = {
  allowNamespaces: true,
  onlyRemoveTypeImports: true,
  // Fields without a value stay: decorators of a class with static members compile to one.
  allowDeclareFields: true,
};

/**
 * Writes `@tag class A {}` as `let A = @tag class A {}`. Babel would give the decorated class another
 * name, and later steps would not find it.
 */
const nameClasses: PluginObj = {
  visitor: {
    Program({ node: { body } }) {
      for (const [index, statement] of body.entries()) {
        if (statement.type === 'ClassDeclaration') body[index] = asVariable(statement);
        else if (
          statement.type === 'ExportNamedDeclaration' &&
          statement.declaration?.type === 'ClassDeclaration'
        )
          statement.declaration = asVariable(statement.declaration);
      }
    },
  },
};

function asVariable(
  node: types.ClassDeclaration,
): types.ClassDeclaration | types.VariableDeclaration {
  if (!node.id || !node.decorators?.length) return node;
  const { id, loc = null } = node;
  const named = types.variableDeclarator(types.cloneNode(id), types.toExpression(node));
  return { ...types.variableDeclaration('let', [named]), loc };
}

/** Gives Babel's helpers, and functions in them, names of the driver, which tracebacks leave out. */
const hideHelpers: PluginObj = {
  visitor: {
    Program: {
      exit({ scope }, { file }) {
        scope.crawl();
        for (const [name, { path }] of Object.entries(scope.bindings)) {
          if (file.code.includes(name)) continue;
          scope.rename(name, hidden(name));
          path.traverse(hideFunctions);
        }
      },
    },
  },
};

const hideFunctions: Visitor = {
  FunctionDeclaration: ({ scope, node }) => {
    if (node.id) scope.rename(node.id.name, hidden(node.id.name));
  },
  FunctionExpression: ({ node }) => {
    node.id ??= types.identifier(hidden('helper'));
  },
};

const hidden = (name: string): string => `__steppe_${name}`;

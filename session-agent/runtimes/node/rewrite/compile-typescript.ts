import { type PluginObj, transformSync } from '@babel/core';
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
      presets: [[typescript, { allowNamespaces: true, onlyRemoveTypeImports: true }]],
      plugins: [[decorators, { version: '2023-11' }], hideHelpers],
    });
    return compiled?.code ?? '';
  } catch (error) {
    if (error instanceof Error)
      error.message = error.message.replace(/^.*?step\.ts: /, '').replace(/\n[\s\S]*$/, '');
    throw error;
  }
};

/** Gives Babel's helper functions names of the driver, which tracebacks leave out. */
const hideHelpers: PluginObj = {
  visitor: {
    Program: {
      exit({ scope }, { file }) {
        scope.crawl();
        for (const name of Object.keys(scope.bindings))
          if (!file.code.includes(name)) scope.rename(name, `__steppe_${name}`);
      },
    },
  },
};

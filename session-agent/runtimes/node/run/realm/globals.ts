import { builtinModules } from 'node:module';
import {
  constantsGuard,
  importer,
  importMeta,
  nameImporter,
} from '../../rewrite/driver-globals.ts';
import type { WorkspaceModules } from '../modules/workspace-modules.ts';
import type { Display } from '../show/display.ts';
import { userRealm } from './user-realm.ts';

/**
 * Defines what a step has besides Node's own globals: `display`, CommonJS as in a file of the
 * workspace, and built-in modules as in the REPL.
 */
export function defineGlobals(
  realm: object,
  modules: WorkspaceModules,
  display: Display,
  workspace: string,
): void {
  const { require, module } = modules;
  const visible = {
    display,
    require,
    module,
    exports: module.exports,
    __filename: module.filename,
    __dirname: workspace,
  };
  for (const [name, value] of Object.entries(visible)) {
    Object.defineProperty(realm, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
  const hidden = {
    [importer]: modules.import,
    [nameImporter]: modules.importNames,
    [importMeta]: modules.meta,
    [constantsGuard]: guardConstants,
  };
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(realm, name, { value });
  for (const name of builtinModules)
    if (!name.startsWith('_') && !name.includes('/')) defineBuiltin(realm, name, modules.require);
}

/** `fs`, `path` and the like are defined without `require`, until user code sets the name. */
function defineBuiltin(realm: object, name: string, require: NodeJS.Require): void {
  if (name in realm) return;
  const set = (value: unknown): void => {
    Object.defineProperty(realm, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  };
  Object.defineProperty(realm, name, {
    get: () => require(name),
    set,
    configurable: true,
    enumerable: false,
  });
}

function guardConstants(getters: Record<string, () => unknown>): object {
  const holder = {};
  for (const [name, get] of Object.entries(getters)) {
    const set = (): never => {
      throw new userRealm.TypeError('Assignment to constant variable.');
    };
    Object.defineProperty(holder, name, { get, set });
  }
  return holder;
}

import { createRequire, Module } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { ownArray, settled, userRealm } from '../realm/user-realm.ts';
import { createFreshFiles } from './fresh-files.ts';

/**
 * Loads modules like a file in the workspace's root, whatever the current directory is. A file that
 * a step names is loaded anew if it was written again since.
 */
export function createWorkspaceModules(workspace: string): WorkspaceModules {
  const filename = join(workspace, 'step.mjs');
  const url = pathToFileURL(filename).href;
  const require = createRequire(join(workspace, 'step.js'));
  // Steps are the main program: `require.main === module`.
  const module = Object.assign(new Module('.'), {
    filename,
    paths: require.resolve.paths('package') ?? [],
    loaded: true,
  });
  require.main = module;
  const loadAsIs = compileLoader(filename);
  const fresh = createFreshFiles(require, url);
  const load: WorkspaceModules['import'] = (specifier, options) =>
    loadAsIs(fresh.specifier(specifier), options);
  return {
    require: fresh.require,
    module,
    import: load,
    importNames: async (specifier, names, options) => {
      const { value: namespace } = await settled(load(specifier, options));
      return withNames(specifier, namespace, ownArray(names));
    },
    meta: {
      __proto__: null,
      url,
      filename,
      dirname: workspace,
      main: true,
      resolve: (specifier: string) => resolve(url, specifier),
    },
  };
}

export type WorkspaceModules = {
  require: NodeJS.Require;
  module: NodeJS.Module;
  import(specifier: unknown, options?: unknown): Promise<object>;
  /** @throws SyntaxError if the module has no such export, as a static import does. */
  importNames(specifier: string, names: string[], options?: unknown): Promise<object>;
  meta: object;
};

/** Lets any script use `import()` with the main loader. */
export const mainLoader = { importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };

function compileLoader(filename: string): WorkspaceModules['import'] {
  const source = '(specifier, options) => import(specifier, options)';
  const load = new vm.Script(source, { filename, ...mainLoader }).runInThisContext();
  let isFirst = true;
  return (specifier, options) => {
    if (!isFirst) return load(specifier, options);
    isFirst = false;
    return withoutWarning(() => load(specifier, options));
  };
}

/** Hides Node's warning, at the first use, that the main loader in scripts is experimental. */
function withoutWarning<T>(callback: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return callback();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** A CommonJS package may have exports that Node did not find in its source. */
function withNames(specifier: string, namespace: object, names: string[]): object {
  const found: Record<string, unknown> = { __proto__: null, namespace };
  const fallback: unknown = Reflect.get(namespace, 'default');
  for (const name of new Set([...names, ...Object.keys(namespace)])) {
    if (Reflect.has(namespace, name)) found[name] = Reflect.get(namespace, name);
    else if (isHolder(fallback) && name in fallback) found[name] = Reflect.get(fallback, name);
    else
      throw new userRealm.SyntaxError(
        `The requested module '${specifier}' does not provide an export named '${name}'`,
      );
  }
  return found;
}

function isHolder(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function resolve(parent: string, specifier: string): string {
  if (/^(?:\.{0,2}\/|[a-z]+:)/i.test(specifier)) return new URL(specifier, parent).href;
  return pathToFileURL(createRequire(parent).resolve(specifier)).href;
}

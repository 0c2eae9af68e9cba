import { fileURLToPath } from 'node:url';
import { exposed } from '../realm/user-realm.ts';
import { createChangedFiles } from './changed-files.ts';

/**
 * Loads files that a step names by their path as they are now. Node keeps an ES module by its URL,
 * so a changed file gets a query; CommonJS and JSON are kept by their path in `require.cache`.
 */
export function createFreshFiles(require: NodeJS.Require, parent: string): FreshFiles {
  const versionOf = createChangedFiles();
  const loaded = new Map<string, number>();

  function currentVersion(path: string): number {
    const version = versionOf(path);
    if ((loaded.get(path) ?? 0) < version) Reflect.deleteProperty(require.cache, path);
    loaded.set(path, version);
    return version;
  }

  const requireFresh = (specifier: string): unknown => {
    const path = isPath(specifier) ? tryToResolve(specifier, require) : null;
    if (path !== null) currentVersion(path);
    return require(specifier);
  };
  const properties = Object.getOwnPropertyDescriptors(require);

  return {
    specifier(given) {
      const url = isPath(given) ? tryToParse(given, parent) : null;
      if (!url) return given;
      const version = currentVersion(fileURLToPath(url));
      return version === 0 ? given : `${url}?steppe=${version}`;
    },
    require: Object.defineProperties(exposed(requireFresh), properties) as NodeJS.Require,
  };
}

export type FreshFiles = {
  /** What to import instead: other specifiers than paths stay as they are. */
  specifier(given: unknown): unknown;
  require: NodeJS.Require;
};

/** Relative or absolute. One with a query is the user's own way to load a file anew. */
const isPath = (specifier: unknown): specifier is string =>
  typeof specifier === 'string' &&
  /^(?:\.{0,2}\/|file:)/i.test(specifier) &&
  !/[?#]/.test(specifier);

function tryToParse(specifier: string, parent: string): string | null {
  try {
    return new URL(specifier, parent).href;
  } catch {
    return null;
  }
}

function tryToResolve(specifier: string, require: NodeJS.Require): string | null {
  try {
    return require.resolve(specifier);
  } catch {
    return null;
  }
}

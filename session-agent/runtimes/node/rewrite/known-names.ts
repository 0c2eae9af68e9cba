import type { NameKind } from './top-level-names.ts';

/**
 * Remembers for the life of the interpreter how each name was first declared: V8 lets nothing
 * change it afterwards.
 */
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
  /** Returns those that no step has declared yet: they are to be declared before this one runs. */
  declare(wanted: ReadonlyMap<string, NameKind>): FreshNames;
};

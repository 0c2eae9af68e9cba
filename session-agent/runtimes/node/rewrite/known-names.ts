import type { NameKind } from './top-level-names.ts';

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

/** The requests of the reconciler to the API server and to the table in one pass. */
export interface PassWork {
  /** Pages of session pods. */
  pages: number;
  podBytes: number;
  /** Of the index of live rows. */
  queries: number;
  readUnits: number;
  /** Single rows that it read because they looked wrong. */
  rowReads: number;
}

export interface Recorder {
  /** A sweep of the table begins: with it, a pass. */
  passBegins(): void;
  add(work: Partial<PassWork>): void;
  /** The passes that have ended, oldest first: each ends where the next begins. */
  ended(): readonly PassWork[];
}

const nothing: PassWork = { pages: 0, podBytes: 0, queries: 0, readUnits: 0, rowReads: 0 };

export function createRecorder(): Recorder {
  const passes: PassWork[] = [];
  return {
    passBegins() {
      passes.push({ ...nothing });
    },
    add(work) {
      const current = passes.at(-1);
      if (!current) return;
      for (const key of ['pages', 'podBytes', 'queries', 'readUnits', 'rowReads'] as const)
        current[key] += work[key] ?? 0;
    },
    ended: () => passes.slice(0, -1),
  };
}

import type { SpoolFile, SpoolFiles } from '../../../session-agent/spool/spool-files.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';

/** Probabilities, each from 0 to 1. */
export interface SpoolFaults {
  /** The disk is full. */
  failedWrite: number;
}

export const noFaults: Readonly<SpoolFaults> = { failedWrite: 0 };

/** The name of the fault of a write that fails. */
export const fullSpool = 'full spool';

interface SpoolModelOptions {
  random: RandomStream;
  faults: SpoolFaults;
  onFault: (kind: string) => void;
}

/** The spool's files in memory. */
export function createSpoolFilesModel(kernel: Kernel, options: SpoolModelOptions): SpoolFiles {
  const { random, faults, onFault } = options;
  const create = (): SpoolFile => {
    let content = Buffer.alloc(0);
    return {
      write(bytes, at) {
        if (random.chance(faults.failedWrite)) {
          onFault(fullSpool);
          throw new Error('ENOSPC: simulated');
        }
        const end = at + bytes.length;
        if (end > content.length) {
          const larger = Buffer.alloc(end);
          content.copy(larger);
          content = larger;
        }
        bytes.copy(content, at);
      },
      async read(at, into) {
        await kernel.delay(random.between(0.02, 2), 'spool read');
        return into.subarray(0, content.copy(into, 0, at));
      },
      remove() {},
    };
  };
  return { create, clear() {} };
}

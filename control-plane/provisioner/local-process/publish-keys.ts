import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { keyFileName } from '@steppe/service-kit/auth/internal-token/key-directory';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';

/** JSON Web Key Sets with the public keys of both planes. */
export type PublicKeys = Readonly<Record<Plane, { keys: readonly object[] }>>;

/** Returns the current keys. */
export type PublicKeySource = () => PublicKeys | Promise<PublicKeys>;

export interface KeyPublisher {
  /**
   * Writes the keys into an existing directory now and whenever they change, until the directory is
   * forgotten.
   */
  publishTo(directory: string): Promise<void>;
  forget(directory: string): void;
  /** Idempotent. */
  stop(): void;
}

/** A key is used two minutes after it was published; agents have it long before that. */
export const lookForKeysEveryMs = 5_000;

export function createKeyPublisher(
  source: PublicKeySource,
  logger: Logger,
  clock: Clock,
  everyMs = lookForKeysEveryMs,
): KeyPublisher {
  const published = new Map<string, string>();
  const complain = (err: unknown) =>
    logger.error({ err }, 'public keys not published to agents; retrying');
  const publishChanges = async () => {
    const keys = await source();
    const text = JSON.stringify(keys);
    for (const [directory, before] of published) {
      if (before === text) continue;
      await writeKeys(directory, keys).then(
        () => published.has(directory) && published.set(directory, text),
        complain,
      );
    }
  };
  let isPublishing = false;
  const stop = clock.every(everyMs, () => {
    // One at a time, because concurrent runs would write the same files.
    if (isPublishing) return;
    isPublishing = true;
    runDetached(() =>
      publishChanges()
        .catch(complain)
        .finally(() => {
          isPublishing = false;
        }),
    );
  });
  return {
    async publishTo(directory) {
      const keys = await source();
      await writeKeys(directory, keys);
      // Keys that changed during the write differ from these, so the next run writes them.
      published.set(directory, JSON.stringify(keys));
    },
    forget: (directory) => void published.delete(directory),
    stop,
  };
}

/** A concurrent reader finds a complete file, the old one or the new one. */
export async function writeKeys(directory: string, keys: PublicKeys): Promise<void> {
  for (const plane of planeSchema.options) {
    const file = join(directory, keyFileName(plane));
    await writeFile(`${file}.new`, JSON.stringify(keys[plane]));
    await rename(`${file}.new`, file);
  }
}

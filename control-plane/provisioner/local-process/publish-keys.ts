import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { keyFileName } from '@steppe/service-kit/internal-token/key-directory';
import type { Logger } from '@steppe/service-kit/logger';

/** JSON Web Key Sets with the public keys of both planes. */
export type PublicKeys = Readonly<Record<Plane, { keys: readonly object[] }>>;

/** The keys as they are now. */
export type PublicKeySource = () => PublicKeys | Promise<PublicKeys>;

export interface KeyPublisher {
  /** Writes the keys into a directory that is there, and again whenever they change, until it is forgotten. */
  publishTo(directory: string): Promise<void>;
  forget(directory: string): void;
  /** Harmless twice. */
  stop(): void;
}

/** A key signs two minutes after it was published: agents have it long before. */
const lookEveryMs = 5_000;

export function createKeyPublisher(source: PublicKeySource, logger: Logger, everyMs = lookEveryMs): KeyPublisher {
  const published = new Map<string, string>();
  const publishAgain = async (directory: string) => {
    const keys = await source();
    await writeKeys(directory, keys);
    // It may have been forgotten meanwhile.
    if (published.has(directory)) published.set(directory, JSON.stringify(keys));
  };
  const complain = (err: unknown) => logger.error({ err }, 'could not give new public keys to agents; trying again');
  const publishChanges = async () => {
    const now = JSON.stringify(await source());
    const outdated = [...published].filter(([, before]) => before !== now);
    await Promise.all(outdated.map(([directory]) => publishAgain(directory).catch(complain)));
  };
  const timer = setInterval(() => void publishChanges().catch(complain), everyMs);
  timer.unref();
  return {
    async publishTo(directory) {
      // Before it is written, so that a change in between is not missed.
      published.set(directory, '');
      await publishAgain(directory);
    },
    forget: (directory) => void published.delete(directory),
    stop: () => clearInterval(timer),
  };
}

/** Whoever reads meanwhile finds a whole file, the one before or the new one. */
export async function writeKeys(directory: string, keys: PublicKeys): Promise<void> {
  for (const plane of planeSchema.options) {
    const file = join(directory, keyFileName(plane));
    await writeFile(`${file}.new`, JSON.stringify(keys[plane]));
    await rename(`${file}.new`, file);
  }
}

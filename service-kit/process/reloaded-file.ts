import { readFile } from 'node:fs/promises';
import { type Clock, isOlder } from './clock.ts';
import type { Logger } from './logger.ts';

export interface ReloadedFile<T> {
  /**
   * Returns the content of the file, which is read again if the last look is older than `maxAgeMs`.
   * Unusable content does not replace the previous one. Unchanged content is the same object.
   * @throws Error that names the file, if no usable content was ever read.
   */
  read(maxAgeMs: number): Promise<T>;
}

interface ReloadedFileOptions<T> {
  path: string;
  /** @throws Error if the text is not the expected content. */
  parse: (text: string) => T | Promise<T>;
  logger: Logger;
  clock: Clock;
}

/**
 * A file that others replace while we run. It is opened by its path when its content is requested,
 * so that a rewrite, a rename onto it and the swapped symbolic links of a mounted ConfigMap or
 * Secret all work alike.
 */
export function createReloadedFile<T>({
  path,
  parse,
  logger,
  clock,
}: ReloadedFileOptions<T>): ReloadedFile<T> {
  let known: { text: string; value: T } | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let complaint: string | undefined;

  const look = async () => {
    lookedAt = clock.now();
    try {
      const text = await readFile(path, 'utf8');
      if (text !== known?.text) {
        const isFirst = known === undefined;
        known = { text, value: await parse(text) };
        if (!isFirst) logger.info({ file: path }, 'file reloaded');
      }
      complaint = undefined;
    } catch (cause) {
      if (!known) throw new Error(`${path} cannot be used`, { cause });
      const said = String(cause);
      if (said !== complaint)
        logger.error({ err: cause, file: path }, 'invalid file; its previous content stays in use');
      complaint = said;
    }
  };

  return {
    async read(maxAgeMs) {
      if (!known || isOlder(lookedAt, maxAgeMs, clock.now())) {
        looking ??= look().finally(() => {
          looking = undefined;
        });
        await looking;
      }
      if (!known) throw new Error(`${path} cannot be used`);
      return known.value;
    },
  };
}

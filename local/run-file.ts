import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const runFileSchema = z.object({
  pid: z.number().int().min(1),
  /** The key that signs tokens; null under bypass, where no call needs a token. */
  key: z.object({ kid: z.string(), private_jwk: z.record(z.string(), z.unknown()) }).nullable(),
});
export type RunFile = z.infer<typeof runFileSchema>;

const fileOf = (directory: string, port: number): string => join(directory, `${port}.json`);

/**
 * Writes the file that `make token` reads; only its owner can read it.
 * @returns a function that removes the file.
 */
export async function leaveRunFile(
  directory: string,
  port: number,
  run: RunFile,
): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(fileOf(directory, port), { force: true });
  await writeFile(fileOf(directory, port), JSON.stringify(run), { mode: 0o600, flag: 'wx' });
  return async () => {
    await rm(fileOf(directory, port), { force: true });
    // The file may belong to another local mode by now.
    await rmdir(directory).catch(() => {});
  };
}

/** The file of the local mode on this port; undefined if no local mode runs there. */
export async function readRunFile(directory: string, port: number): Promise<RunFile | undefined> {
  const text = await readFile(fileOf(directory, port), 'utf8').catch(() => undefined);
  const run = text === undefined ? undefined : runFileSchema.parse(JSON.parse(text));
  return run && isAlive(run.pid) ? run : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { HostVariables } from './agent-environment.ts';

export interface InstanceParts {
  /**
   * Path of the session-agent's bundle. It loads files from the directory of the same name beside
   * it.
   */
  agentBundle: string;
  /** Contains python/supervisor.py and node/supervisor.cjs. */
  runtimesDirectory: string;
  hostVariables: HostVariables;
  /** Log level of the agents. */
  logLevel: string;
}

/**
 * A hash of what all instances have in common, whatever their runtime. Two control-planes get the
 * same hash only if they create the same instances. Reads the files once: after they are replaced,
 * the control-plane must be restarted.
 * @throws the system's error if a file cannot be read.
 */
export async function instanceFingerprint({
  agentBundle,
  runtimesDirectory,
  ...settings
}: InstanceParts): Promise<string> {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([
      process.version,
      Object.entries(settings.hostVariables).sort(),
      settings.logLevel,
    ]),
  );
  hash.update(await readFile(agentBundle));
  for (const directory of [agentBundle.replace(/\.[a-z]+$/, ''), runtimesDirectory]) {
    for (const path of await filesBelow(directory))
      hash.update(relative(directory, path)).update(await readFile(path));
  }
  return hash.digest('hex');
}

/**
 * The files in a fixed order; empty if the directory does not exist. Excludes Python's caches and
 * source maps, because they do not change an instance.
 */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.filter((path) => !/__pycache__|\.map$/.test(path)).sort();
}

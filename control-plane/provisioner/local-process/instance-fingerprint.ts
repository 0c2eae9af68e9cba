import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { HostVariables } from './agent-environment.ts';

export interface InstanceParts {
  /**
   * Path of the session-agent's bundle; what it loads is in the directory of its name beside it.
   */
  agentBundle: string;
  /** With python/supervisor.py and node/supervisor.cjs. */
  runtimesDirectory: string;
  hostVariables: HostVariables;
  /** Of the agents. */
  logLevel: string;
}

/**
 * What all instances are made of, whatever their runtime: the same for two control-planes only
 * where they make the same. Reads the files once: a control-plane whose files are replaced under it
 * is to be started again.
 * @throws the system's error where a file cannot be read.
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
 * In a fixed order; none where there is no such directory. Python's own caches and source maps are
 * not what an instance is made of.
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

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type RuntimesConfig, readRuntimes } from '../../runtimes/read-runtimes.ts';
import type { RuntimeDefinition } from '../../runtimes/runtime-definition.ts';
import { type SessionRuntime, toSessionRuntime } from '../../runtimes/session-runtime.ts';
import { complaintAbout, complaintsAbout } from './check-interpreter.ts';
import { type InstanceParts, instanceFingerprint } from './instance-fingerprint.ts';
import {
  type Interpreters,
  type LocalRuntime,
  supervisorFiles,
  toLocalRuntime,
} from './local-runtime.ts';

interface LocalRuntimesConfig extends RuntimesConfig, InstanceParts {
  /** The interpreters for runtimes that name none. */
  interpreters: Interpreters;
}

export interface PreparedRuntimes {
  /** As the use cases see them. */
  runtimes: readonly SessionRuntime[];
  /** As the provisioner needs them. */
  localRuntimes: readonly LocalRuntime[];
}

/**
 * Prepares the runtimes for processes of this machine, or returns all problems with their list and
 * their interpreters, one line each.
 */
export async function prepareRuntimes(
  config: LocalRuntimesConfig,
): Promise<PreparedRuntimes | { complaints: string[] }> {
  const [read, ...usual] = await Promise.all([
    readRuntimes(config),
    complaintsAbout(config.interpreters),
    complaintsAboutFile('AGENT_BUNDLE', config.agentBundle),
    ...supervisorFiles(config.runtimesDirectory).map((file) =>
      complaintsAboutFile('RUNTIMES_DIR', file),
    ),
  ]);
  if ('complaints' in read) return { complaints: [...read.complaints, ...usual.flat()] };
  const own = await Promise.all(read.runtimes.map(complaintsAboutRuntime));
  const complaints = [...usual.flat(), ...own.flat()];
  if (complaints.length > 0) return { complaints };
  const shared = await instanceFingerprint(config);
  const localRuntimes = read.runtimes.map((definition) =>
    toLocalRuntime(definition, config.runtimesDirectory, config.interpreters),
  );
  const runtimes = read.runtimes.map((definition, index) =>
    toSessionRuntime(
      definition,
      hash('sha256', JSON.stringify([shared, localRuntimes[index]?.supervisorCommand])),
    ),
  );
  return { runtimes, localRuntimes };
}

async function complaintsAboutRuntime({
  name,
  language,
  interpreter,
  image,
}: RuntimeDefinition): Promise<string[]> {
  // Otherwise the runtime would silently run on the interpreter of this machine.
  if (image && !interpreter)
    return [
      `STEPPE_RUNTIMES: ${name}.image: is for pods; for local processes name an interpreter too`,
    ];
  const complaint = interpreter && (await complaintAbout(language, interpreter));
  return complaint ? [`STEPPE_RUNTIMES: ${name}.interpreter: ${complaint}`] : [];
}

const complaintsAboutFile = (variable: string, path: string): Promise<string[]> =>
  readFile(path).then(
    () => [],
    (error: Error) => [`${variable}: ${path} cannot be used: ${error.message}`],
  );

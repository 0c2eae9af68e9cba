import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Language } from '@steppe/contracts/session';
import { type RuntimesConfig, readRuntimes } from '../../runtimes/read-runtimes.ts';
import type { RuntimeDefinition } from '../../runtimes/runtime-definition.ts';
import { complaintAbout, complaintsAbout } from './check-interpreter.ts';
import { type InstanceParts, instanceFingerprint } from './instance-fingerprint.ts';
import { type SupervisorCommand, supervisorFiles, supervisorsIn } from './supervisor-command.ts';

interface LocalRuntimesConfig extends RuntimesConfig, InstanceParts {
  /** The interpreters for runtimes that name none. */
  interpreters: Readonly<Record<Language, string>>;
}

type LocalRuntimes =
  | { runtimes: readonly RuntimeDefinition[]; supervisorCommand: SupervisorCommand }
  | { complaints: string[] };

/**
 * Prepares the runtimes for processes of this machine, or returns all problems with their list and
 * their interpreters, one line each.
 */
export async function prepareRuntimes(config: LocalRuntimesConfig): Promise<LocalRuntimes> {
  const [read, ...usual] = await Promise.all([
    readRuntimes(config),
    complaintsAbout(config.interpreters),
    complaintsAboutFile('AGENT_BUNDLE', config.agentBundle),
    ...supervisorFiles(config.runtimesDirectory).map((file) =>
      complaintsAboutFile('RUNTIMES_DIR', file),
    ),
  ]);
  if ('complaints' in read) return { complaints: [...read.complaints, ...usual.flat()] };
  const own = await Promise.all(
    read.runtimes.map(async ({ name, language, interpreter, image }) => {
      // Otherwise the runtime would silently run on the interpreter of this machine.
      if (image && !interpreter)
        return [
          `STEPPE_RUNTIMES: ${name}.image: is for pods; for local processes name an interpreter too`,
        ];
      const complaint = interpreter && (await complaintAbout(language, interpreter));
      return complaint ? [`STEPPE_RUNTIMES: ${name}.interpreter: ${complaint}`] : [];
    }),
  );
  const complaints = [...usual.flat(), ...own.flat()];
  if (complaints.length > 0) return { complaints };
  const supervisorCommand = supervisorsIn(config.runtimesDirectory, config.interpreters);
  const shared = await instanceFingerprint(config);
  const runtimes = read.runtimes.map((runtime) => ({
    ...runtime,
    fingerprint: hash('sha256', JSON.stringify([shared, supervisorCommand(runtime)])),
  }));
  return { runtimes, supervisorCommand };
}

const complaintsAboutFile = (variable: string, path: string): Promise<string[]> =>
  readFile(path).then(
    () => [],
    (error: Error) => [`${variable}: ${path} cannot be used: ${error.message}`],
  );

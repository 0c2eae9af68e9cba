import { resolve } from 'node:path';
import process from 'node:process';

/** The worker's `process.env` is state of the user's program, not configuration: the agent adds to it, steps change it. */
// biome-ignore lint/style/noProcessEnv: see above; nothing is configured by it after start-up
const environment = process.env;

/** What the supervisor hands over, taken out of what user code and its children see. */
export function takeWorkerSettings(): { runDir: string; epoch: number; workspace: string } {
  const settings = {
    runDir: environment.STEPPE_RUN_DIR ?? '',
    epoch: Number(environment.STEPPE_EPOCH),
    workspace: environment.STEPPE_WORKSPACE ?? '/',
  };
  for (const name of ['STEPPE_RUN_DIR', 'STEPPE_EPOCH', 'STEPPE_WORKSPACE']) delete environment[name];
  return settings;
}

export function addLastingVariables(env: Record<string, string>): void {
  Object.assign(environment, env);
}

/**
 * Sets what holds for one step and answers how to undo it. Throws Node's ENOENT where `cwd` does not exist; nothing is changed
 * then. A directory that user code changed to in the step stays.
 */
export function enterStepEnvironment(env: Record<string, string>, cwd: string | null, workspace: string): () => void {
  const leaveDirectory = cwd === null ? () => undefined : enterDirectory(cwd, workspace);
  const before = new Map(Object.keys(env).map((name) => [name, environment[name]]));
  Object.assign(environment, env);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete environment[name];
      else environment[name] = value;
    }
    leaveDirectory();
  };
}

function enterDirectory(cwd: string, workspace: string): () => void {
  const before = currentDirectory() ?? workspace;
  process.chdir(resolve(workspace, cwd));
  const inside = currentDirectory();
  return () => {
    const now = currentDirectory();
    if (now === inside || now === null) tryToEnter(before) || tryToEnter(workspace);
  };
}

/** Null where it has been deleted. */
function currentDirectory(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function tryToEnter(directory: string): boolean {
  try {
    process.chdir(directory);
    return true;
  } catch {
    return false;
  }
}

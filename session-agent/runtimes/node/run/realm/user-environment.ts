import { mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { chdir, cwd } from './own-functions.ts';

/**
 * The worker's `process.env` is state of the user's program, not configuration: the agent adds to
 * it, and steps change it or replace the object.
 */
function environment(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: see above; nothing is configured by it after start-up
  return Object(process.env);
}

/** Reads the supervisor's settings, and hides them from user code and its children. */
export function takeWorkerSettings(): { runDir: string; epoch: number; workspace: string } {
  const given = environment();
  const settings = {
    runDir: given.STEPPE_RUN_DIR ?? '',
    epoch: Number(given.STEPPE_EPOCH),
    workspace: given.STEPPE_WORKSPACE ?? '/',
  };
  for (const name of ['STEPPE_RUN_DIR', 'STEPPE_EPOCH', 'STEPPE_WORKSPACE']) delete given[name];
  return settings;
}

export function addLastingVariables(env: Record<string, string>): void {
  setAll(environment(), env);
}

/**
 * Sets the variables and directory of one step. A directory that the step changes to is kept,
 * unless it has been removed: the step then begins in the workspace, which is made again if it was
 * that.
 * @returns a function that restores what was before.
 * @throws Node's ENOENT if `directory` does not exist; nothing is changed then.
 */
export function enterStepEnvironment(
  env: Record<string, string>,
  directory: string | null,
  workspace: string,
): () => void {
  if (isDirectoryGone()) returnToWorkspace(workspace);
  const leaveDirectory =
    directory === null ? () => undefined : enterDirectory(directory, workspace);
  const entered = environment();
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, entered[name]]));
  setAll(entered, env);
  return () => {
    setAll(entered, before);
    // The step may have replaced the environment with a copy.
    const left = environment();
    const copied = Object.entries(before).filter(([name]) => left[name] === env[name]);
    if (left !== entered) setAll(left, Object.fromEntries(copied));
    leaveDirectory();
  };
}

/** Ignores changes that a frozen object rejects. */
function setAll(target: NodeJS.ProcessEnv, values: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) Reflect.deleteProperty(target, name);
    else Reflect.set(target, name, value);
  }
}

function enterDirectory(directory: string, workspace: string): () => void {
  const before = currentDirectory() ?? workspace;
  chdir(resolve(workspace, directory));
  const inside = currentDirectory();
  return () => {
    const now = currentDirectory();
    if (now === inside || now === null) tryToEnter(before) || tryToEnter(workspace);
  };
}

/** Node remembers the path of the current directory: only the system knows that it is gone. */
const isDirectoryGone = (): boolean => (statSync('.', { throwIfNoEntry: false })?.nlink ?? 0) === 0;

function returnToWorkspace(workspace: string): void {
  try {
    mkdirSync(workspace, { recursive: true });
    chdir(workspace);
  } catch {
    // Another file is in its place: the step fails where it uses the directory.
  }
}

/** Null if the directory was deleted. */
function currentDirectory(): string | null {
  try {
    return cwd();
  } catch {
    return null;
  }
}

function tryToEnter(directory: string): boolean {
  try {
    chdir(directory);
    return true;
  } catch {
    return false;
  }
}

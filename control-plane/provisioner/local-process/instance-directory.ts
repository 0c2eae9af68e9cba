import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type InstanceId, storedInstanceIdSchema } from '@steppe/contracts/ids';
import { isRunning, ownerFileName } from '@steppe/service-kit/process/instances-directory';

export interface InstanceDirectory {
  root: string;
  run: string;
  workspace: string;
  keys: string;
  terminationFile: string;
}

export const instanceDirectory = (root: string): InstanceDirectory => ({
  root,
  run: join(root, 'run'),
  workspace: join(root, 'workspace'),
  keys: join(root, 'keys'),
  terminationFile: join(root, 'termination'),
});

/**
 * An agent's run directory below this path holds sockets, and Node truncates a socket's path at
 * 107 bytes.
 */
export const longestInstancesPath = 50;

/**
 * Creates the directory of all instances if it is missing, makes this process its owner, and
 * removes the leftovers of a crashed owner's instances.
 * @throws Error if the path is too long for a socket below it, is not a directory of this user, or
 * belongs to another running process.
 */
export async function openInstancesDirectory(path: string): Promise<void> {
  if (Buffer.byteLength(path) > longestInstancesPath)
    throw new Error(`${path} is longer than ${longestInstancesPath} bytes`);
  await makeDirectory(path);
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${path} is not a directory of this user`);
  await takeOwnership(path);
  const names = await readdir(path);
  const left = names.filter((name) => storedInstanceIdSchema.safeParse(name).success);
  await Promise.all(left.map((name) => removeTree(join(path, name))));
}

async function takeOwnership(path: string): Promise<void> {
  const file = join(path, ownerFileName);
  const owner = Number(await readFile(file, 'utf8').catch(() => ''));
  if (owner !== process.pid && isRunning(owner))
    throw new Error(
      `${path} belongs to process ${owner}; give each control-plane a directory of its own`,
    );
  await writeFile(file, String(process.pid));
}

/** Creates the directory of an instance and its subdirectories. */
export async function createInstanceDirectory(
  instances: string,
  instanceId: InstanceId,
): Promise<InstanceDirectory> {
  const directory = instanceDirectory(join(instances, instanceId));
  await makeDirectory(instances);
  await mkdir(directory.root, { mode: 0o700 });
  await fillInstanceDirectory(directory);
  return directory;
}

/**
 * Creates a directory and its parents. Node's own `recursive` never returns below a directory that
 * allows no new entries, such as /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

export async function fillInstanceDirectory({
  run,
  workspace,
  keys,
}: InstanceDirectory): Promise<void> {
  await Promise.all([run, workspace, keys].map((path) => mkdir(path, { mode: 0o700 })));
}

/**
 * Removes the directory whatever modes user code has set, and retries for three seconds while
 * something still writes there.
 * @throws the system's error if the directory stays.
 */
export async function removeTree(root: string): Promise<void> {
  const remove = () => rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  try {
    await remove();
  } catch {
    await grantAccess(root);
    await remove().catch(async (error: unknown) => {
      if (!(await removeStepwise(root))) throw error;
    });
  }
}

/**
 * Node uses the whole path of each entry, which may be longer than the system allows; `rm` enters
 * one directory at a time.
 */
async function removeStepwise(root: string): Promise<boolean> {
  const [code] = await once(spawn('rm', ['-rf', '--', root], { stdio: 'ignore' }), 'exit');
  return code === 0;
}

/** Grants the owner all permissions on the directories, so that their entries can be removed. */
async function grantAccess(directory: string): Promise<void> {
  try {
    await chmod(directory, 0o700);
    const entries = await readdir(directory, { withFileTypes: true });
    await Promise.all(
      entries
        .filter((entry) => entry.isDirectory())
        .map((entry) => grantAccess(join(directory, entry.name))),
    );
  } catch {
    // The directory disappeared in the meantime, or the removal that follows reports the error.
  }
}

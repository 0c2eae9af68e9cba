import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StartFailedError } from '../start-failed-error.ts';
import type { LocalRuntime } from './local-runtime.ts';

const run = promisify(execFile);

const look = `
import importlib.util, sys
for name in sys.argv[1:]:
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        found = None
    if found is None:
        print(name)
`;

/** The modules that this Python does not have. */
export async function missingModules(
  python: string,
  modules: readonly string[],
): Promise<string[]> {
  const { stdout } = await run(python, ['-c', look, ...modules], { timeout: 60_000 });
  return stdout.split('\n').filter((name) => name !== '');
}

/** @throws StartFailedError that names the modules which the runtime's interpreter lacks. */
export type ModuleCheck = (runtime: LocalRuntime) => Promise<void>;

/** Checks that interpreters have the modules of their runtimes. A check that passed is remembered. */
export function createModuleCheck(): ModuleCheck {
  const complete = new Set<string>();
  return async ({ name, preload, supervisorCommand: [python = ''] }) => {
    const key = JSON.stringify([python, preload]);
    if (preload.length === 0 || complete.has(key)) return;
    const missing = await missingModules(python, preload);
    if (missing.length > 0) {
      const message = `the runtime ${name} needs ${missing.join(', ')}, which ${python} lacks; install what is missing, or name another interpreter`;
      throw new StartFailedError('crashed', message, { retryable: false });
    }
    complete.add(key);
  };
}

/**
 * The runtimes that cannot start because modules are missing, one sentence each. The operator sees
 * them before anyone requests such a runtime.
 */
export async function complaintsAboutModules(runtimes: readonly LocalRuntime[]): Promise<string[]> {
  const requireModules = createModuleCheck();
  const complaints = await Promise.all(
    runtimes.map((runtime) =>
      requireModules(runtime).then(
        () => [],
        (error: Error) => [error.message],
      ),
    ),
  );
  return complaints.flat();
}

import type { TestProject } from 'vitest/node';
import { installRelease } from './release.ts';

/** Most tests create a session each. */
const values = { sessions: { poolSize: 4 } };

/** Installs one release for all files of a project, which read its address with `inject`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const release = await installRelease({ purpose: 'shared', values });
  const { namespace, sessionsNamespace, url, issuerKey } = release;
  project.provide('release', { namespace, sessionsNamespace, url, issuerKey });
  return async () => {
    if (project.vitest.state.getCountOfFailedTests() > 0)
      process.stderr.write(await release.describe());
    await release.uninstall();
  };
}

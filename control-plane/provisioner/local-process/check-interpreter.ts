import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Language } from '@steppe/contracts/session';

const run = promisify(execFile);

/** The oldest versions whose tests have run; `session-agent/runtimes` says the same of itself. */
const oldest: Readonly<Record<Language, readonly [number, number]>> = {
  python: [3, 9],
  node: [20, 20],
};

/**
 * Looks at an interpreter before the first session needs it.
 * @returns what is wrong with it, in a sentence; undefined where nothing is.
 */
export async function complaintAbout(
  language: Language,
  program: string,
): Promise<string | undefined> {
  const [major, minor] = oldest[language];
  const needed = `${language === 'python' ? 'Python' : 'Node'} ${major}.${minor} or newer is needed`;
  try {
    const { stdout, stderr } = await run(program, ['--version'], { timeout: 10_000 });
    const found = /(?<!\d)(\d+)\.(\d+)[\d.]*/.exec(stdout || stderr);
    if (!found) return `${program} does not tell its version; ${needed}`;
    const [version, foundMajor, foundMinor] = [found[0], Number(found[1]), Number(found[2])];
    if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return undefined;
    return `${program} is version ${version}; ${needed}`;
  } catch (error) {
    return `${program} cannot be started (${error instanceof Error ? error.message : error}); ${needed}`;
  }
}

/**
 * All that is wrong with the interpreters of an operator, a line each by the name of its variable.
 */
export async function complaintsAbout(
  interpreters: Readonly<Record<Language, string>>,
): Promise<string[]> {
  const complaints = await Promise.all([
    complaintAbout('python', interpreters.python).then((text) => text && `STEPPE_PYTHON: ${text}`),
    complaintAbout('node', interpreters.node).then((text) => text && `STEPPE_NODE: ${text}`),
  ]);
  return complaints.filter((text) => text !== undefined);
}

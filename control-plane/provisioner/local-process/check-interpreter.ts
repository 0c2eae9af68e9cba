import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Language } from '@steppe/contracts/session';

const run = promisify(execFile);

/** The oldest tested versions; `session-agent/runtimes` documents the same ones. */
const oldest: Readonly<Record<Language, readonly [number, number]>> = {
  python: [3, 9],
  node: [20, 20],
};

/**
 * Checks an interpreter before the first session needs it.
 * @returns the problem with it, in a sentence; undefined if there is none.
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
    if (!found) return `${program} does not print its version; ${needed}`;
    const [version, foundMajor, foundMinor] = [found[0], Number(found[1]), Number(found[2])];
    if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return undefined;
    return `${program} is version ${version}; ${needed}`;
  } catch (error) {
    return `${program} cannot be started (${error instanceof Error ? error.message : error}); ${needed}`;
  }
}

/**
 * All problems with the interpreters that the operator configured, one line each with the name of
 * the variable.
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

import { type Expected, expectResult } from './expectation.ts';
import type { Session } from './session.ts';

/**
 * Runs one step, or several: the last is compared with the expectation, and the others must
 * complete.
 */
export async function runSteps(
  session: Session,
  code: string | readonly string[],
  expected: Expected,
  /** Fields of the last step's request besides its code. */
  request: object = {},
): Promise<void> {
  const all = typeof code === 'string' ? [code] : code;
  for (const before of all.slice(0, -1)) {
    const result = await session.run(before);
    if (result.status !== 'completed')
      throw new Error(`a step before the last: ${JSON.stringify(result)}`);
  }
  expectResult(await session.run(all.at(-1) ?? '', request), expected, session.language);
}

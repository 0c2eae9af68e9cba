import type { Language } from '@steppe/contracts/session';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import type { Expected } from './expectation.ts';
import { languages, type PerLanguage } from './languages.ts';
import { runSteps } from './run-steps.ts';
import { openSession, type Session } from './session.ts';
import type { AgentOptions } from './start-agent.ts';

/** One row of the table: what a user sees, and how to check it in a language. */
export interface Row {
  behaviour: string;
  /**
   * Options of a separate session, for a row that would disturb others; by default the group's
   * session.
   */
  own?: AgentOptions;
  /** The languages in whose pods the row cannot run, and why. */
  notInPods?: { columns: readonly Language[]; reason: string };
  tryIn(session: Session, language: Language): Promise<void>;
}

interface StepOptions {
  /** Fields of the last step's request besides its code. */
  request?: object;
  own?: AgentOptions;
}

/** A row of one step, or of several as `runSteps` accepts them. */
export function steps(
  behaviour: string,
  code: PerLanguage<string | readonly string[]>,
  expected: Expected = {},
  { request = {}, own }: StepOptions = {},
): Row {
  return {
    behaviour,
    ...(own && { own }),
    tryIn: (session, language) => runSteps(session, code[language], expected, request),
  };
}

/** A row with the same procedure for all languages; each language supplies its own code. */
export function flow<Part>(
  behaviour: string,
  parts: PerLanguage<Part>,
  run: (session: Session, part: Part) => Promise<void>,
  own?: AgentOptions,
): Row {
  return {
    behaviour,
    ...(own && { own }),
    tryIn: (session, language) => run(session, parts[language]),
  };
}

/** A row that cannot run in pods; the reason is shown where it is skipped. */
export const notInPods = (reason: string, row: Row, columns = languages): Row => ({
  ...row,
  notInPods: { columns, reason },
});

/** Registers a test for each cell of a group of rows. */
export function behaviours(group: string, rows: readonly Row[]): void {
  describe(group, () => {
    const shared = new Map<Language, Session>();
    beforeAll(async () => {
      await Promise.all(
        languages.map(async (language) => shared.set(language, await openSession(language))),
      );
    });
    afterAll(async () => {
      await Promise.all([...shared.values()].map((session) => session.close()));
    });
    for (const { behaviour, own, notInPods: exception, tryIn } of rows) {
      describe(behaviour, () => {
        test.for(languages)('%s', async (language, { skip }) => {
          if (inject('sessionPods') && exception?.columns.includes(language))
            skip(exception.reason);
          const session = own ? await openSession(language, own) : shared.get(language);
          if (!session) throw new Error('the group has no session');
          try {
            await tryIn(session, language);
          } finally {
            if (own) await session.close();
          }
        });
      });
    }
  });
}

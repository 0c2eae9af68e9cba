import type { Language } from '@steppe/contracts/session';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Expected } from './expectation.ts';
import { languages, type PerLanguage } from './languages.ts';
import { runSteps } from './run-steps.ts';
import { openSession, type Session } from './session.ts';
import type { AgentOptions } from './start-agent.ts';

/** One line of the table: what a user sees, and how it is tried in a language. */
export interface Row {
  behaviour: string;
  /** A session of its own, for what would disturb other rows; else the group's. */
  own?: AgentOptions;
  tryIn(session: Session, language: Language): Promise<void>;
}

interface StepOptions {
  /** What the last step is sent with, beside its code. */
  request?: object;
  own?: AgentOptions;
}

/** A row of steps: one code, or several, as `runSteps` takes them. */
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

/** A row with one course for all languages over parts that each gives in its own words. */
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
    for (const { behaviour, own, tryIn } of rows) {
      describe(behaviour, () => {
        test.each(languages)('%s', async (language) => {
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

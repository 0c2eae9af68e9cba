import type { Language } from '@steppe/contracts/session';
import { afterAll, beforeAll, test } from 'vitest';
import { type Expected, expectResult } from './expectation.ts';
import { openSession, type Session } from './session.ts';
import type { AgentOptions } from './start-agent.ts';

interface CaseOptions {
  own?: AgentOptions;
  request?: object;
}

/** Registers cases of one language alone, which share a session unless they ask for their own. */
export function casesOf(language: Language, options: AgentOptions = {}) {
  let shared: Session | undefined;
  beforeAll(async () => {
    shared = await openSession(language, options);
  });
  afterAll(() => shared?.close());

  const flow = (name: string, run: (session: Session) => Promise<void>, own?: AgentOptions): void => {
    test(name, async () => {
      const session = own ? await openSession(language, { ...options, ...own }) : shared;
      if (!session) throw new Error('there is no session');
      try {
        await run(session);
      } finally {
        if (own) await session.close();
      }
    });
  };
  /** One step, or several of which the last is held against the expectation and the others must complete. */
  const steps = (name: string, code: string | readonly string[], expected: Expected = {}, { own, request }: CaseOptions = {}) =>
    flow(
      name,
      async (session) => {
        const all = typeof code === 'string' ? [code] : code;
        for (const before of all.slice(0, -1)) {
          const { status, error } = await session.run(before);
          if (status !== 'completed') throw new Error(`a step before the last: ${JSON.stringify(error)}`);
        }
        expectResult(await session.run(all.at(-1) ?? '', request), expected, language);
      },
      own,
    );
  return { flow, steps };
}

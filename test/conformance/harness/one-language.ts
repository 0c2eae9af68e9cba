import type { Language } from '@steppe/contracts/session';
import { afterAll, beforeAll, test } from 'vitest';
import type { Expected } from './expectation.ts';
import { runSteps } from './run-steps.ts';
import { openSession, type Session } from './session.ts';
import type { AgentOptions } from './start-agent.ts';

interface CaseOptions {
  own?: AgentOptions;
  request?: object;
}

/** Registers cases of one language, which share a session unless they need their own. */
export function casesOf(language: Language, options: AgentOptions = {}) {
  let shared: Session | undefined;
  beforeAll(async () => {
    shared = await openSession(language, options);
  });
  afterAll(() => shared?.close());

  const flow = (
    name: string,
    run: (session: Session) => Promise<void>,
    own?: AgentOptions,
  ): void => {
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
  /** One step, or several as `runSteps` accepts them. */
  const steps = (
    name: string,
    code: string | readonly string[],
    expected: Expected = {},
    { own, request }: CaseOptions = {},
  ) => flow(name, (session) => runSteps(session, code, expected, request), own);
  return { flow, steps };
}

import { afterAll, expect, test } from 'vitest';
import { createRandom } from '../support/random.ts';
import { seed } from './harness/config.ts';
import { mainValue } from './harness/expectation.ts';
import { languages, type PerLanguage } from './harness/languages.ts';
import { openSession, type Session } from './harness/session.ts';

const tries = 1_000;

/** Steps of various lengths, most of which end at about the time of their interrupt. */
const steps: PerLanguage<readonly ((ms: number) => string)[]> = {
  python: [
    (ms) =>
      `import time\nend = time.perf_counter() + ${ms / 1000}\nwhile time.perf_counter() < end: pass\nmark`,
    (ms) => `import time\ntime.sleep(${ms / 1000})\nmark`,
    (ms) => `import asyncio\nawait asyncio.sleep(${ms / 1000})\nmark`,
    (ms) =>
      `import time\nend = time.perf_counter() + ${ms / 1000}\nwhile time.perf_counter() < end: print("x" * 100)\nmark`,
    () => 'mark',
  ],
  node: [
    (ms) => `for (const end = performance.now() + ${ms}; performance.now() < end; );\nmark`,
    (ms) => `await new Promise((done) => setTimeout(done, ${ms}))\nmark`,
    (ms) =>
      `await null\nfor (const end = performance.now() + ${ms}; performance.now() < end; );\nmark`,
    (ms) =>
      `for (const end = performance.now() + ${ms}; performance.now() < end; ) console.log("x".repeat(100))\nmark`,
    () => 'mark',
  ],
};

const remember: PerLanguage<string> = { python: 'mark = 42', node: 'const mark = 42' };

const opened: Session[] = [];
afterAll(async () => {
  await Promise.all(opened.map((session) => session.close()));
});

test.each(languages)(
  'no random interrupt of a step in %s reaches the next one',
  { timeout: 300_000 },
  async (language) => {
    const random = createRandom(seed);
    const session = await openSession(language);
    opened.push(session);
    await session.run(remember[language]);
    const counts = { completed: 0, timed_out: 0 };
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const ms = random() * 6;
      const makeStep = steps[language][Math.floor(random() * steps[language].length)] ?? String;
      const interrupted = await session.run(makeStep(ms), {
        timeout_ms: Math.max(1, Math.round(ms + (random() - 0.5) * 4)),
      });
      const context = `seed ${seed}, try ${attempt}: ${JSON.stringify(interrupted)}`;
      expect(interrupted.status, context).toMatch(/^(completed|timed_out)$/);
      expect(interrupted.state_lost, context).toBe(false);
      if (interrupted.status === 'completed') counts.completed += 1;
      else counts.timed_out += 1;
      const next = await session.run('mark');
      expect({ status: next.status, value: mainValue(next), error: next.error }, context).toEqual({
        status: 'completed',
        value: '42',
        error: null,
      });
    }
    console.log(`${language}, seed ${seed}: ${JSON.stringify(counts)}`);
    // Both outcomes must occur, otherwise the interrupts did not vary enough.
    expect(Math.min(counts.completed, counts.timed_out), `seed ${seed}`).toBeGreaterThan(
      tries / 20,
    );
  },
);

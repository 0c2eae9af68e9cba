import { afterAll, expect, test } from 'vitest';
import { languages, type PerLanguage } from './harness/languages.ts';
import { peaksMib } from './harness/peak-memory.ts';
import { openSession, type Session } from './harness/session.ts';

const gibibyte = 1024 ** 3;
const allowedGrowthMib = 64;

const printGibibyte: PerLanguage<string> = {
  python: 'line = "x" * 65535\nfor _ in range(16384): print(line)',
  node: 'const line = "x".repeat(65535);\nfor (let i = 0; i < 16384; i++) console.log(line)',
};
/** Grows the heaps to the size that any longer step needs. */
const printLittle: PerLanguage<string> = {
  python: 'for _ in range(512): print("y" * 65535)',
  node: 'for (let i = 0; i < 512; i++) console.log("y".repeat(65535))',
};

const opened: Session[] = [];
afterAll(async () => {
  await Promise.all(opened.map((session) => session.close()));
});

test.each(languages)(
  'printing a gibibyte in %s grows no process of the session by more than 64 MiB, and every byte is counted',
  async (language) => {
    const session = await openSession(language);
    opened.push(session);
    await session.run(printLittle[language]);
    const before = peaksMib(session.agent.instanceId);
    expect(Object.keys(before).length).toBeGreaterThanOrEqual(3);
    const { status, truncated, stdout } = await session.run(printGibibyte[language], {
      timeout_ms: 100_000,
    });
    expect({ status, truncated }).toMatchObject({
      status: 'completed',
      truncated: { stdout: true },
    });
    const dropped = Number(/\n\[… (\d+) bytes dropped …\]\n/.exec(stdout)?.[1]);
    expect(
      Buffer.byteLength(stdout) - Buffer.byteLength(`\n[… ${dropped} bytes dropped …]\n`) + dropped,
    ).toBe(gibibyte);
    const after = peaksMib(session.agent.instanceId);
    for (const [process, peak] of Object.entries(before)) {
      expect((after[process] ?? Number.NaN) - peak, process).toBeLessThanOrEqual(allowedGrowthMib);
    }
  },
  120_000,
);

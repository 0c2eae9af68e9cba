import { newStepId } from '@steppe/contracts/testing/new-ids';
import { afterAll, expect, test } from 'vitest';
import { languages, type PerLanguage } from './harness/languages.ts';
import { peaksMib } from './harness/peak-memory.ts';
import { openSession, type Session } from './harness/session.ts';

/**
 * The JSON of one such bundle is 7.5 MB. The agent holds it as bytes, as a string and in the
 * response, but never as one object per list.
 */
const allowedGrowthMib = 120;

const displayLists: PerLanguage<string> = {
  python: 'display({"application/json": [[]] * 2_500_000, "text/plain": "lists"}, raw=True)',
  node: 'display({ "application/json": Array(2_500_000).fill([]), "text/plain": "lists" })',
};
/** Grows the heaps to the size that any longer step needs. */
const displayLittle: PerLanguage<string> = {
  python: 'for _ in range(100): display("x" * 1000)',
  node: 'for (let i = 0; i < 100; i++) display("x".repeat(1000))',
};

const opened: Session[] = [];
afterAll(async () => {
  await Promise.all(opened.map((session) => session.close()));
});

test.each(languages)(
  'a bundle of 2.5 million empty lists from %s costs its agent a few times its size, and reaches every reader whole',
  async (language) => {
    const session = await openSession(language);
    opened.push(session);
    await session.run(displayLittle[language]);
    const before = agentPeakMib(session);
    const request = { step_id: newStepId(), code: displayLists[language] };
    for (const accept of ['application/json', 'application/x-ndjson', 'text/event-stream']) {
      const response = await session.call('POST', '/steps', request, { accept });
      const text = await response.text();
      // Counts the lists, because a failed comparison of the text would print all of it.
      const lists = text.split('[]').length - 1;
      expect({ accept, lists, isWhole: text.includes('"text/plain":"lists"') }).toEqual({
        accept,
        lists: 2_500_000,
        isWhole: true,
      });
    }
    expect(agentPeakMib(session) - before).toBeLessThanOrEqual(allowedGrowthMib);
  },
  120_000,
);

function agentPeakMib({ agent }: Session): number {
  const peaks = Object.entries(peaksMib(agent.instanceId)).filter(([name]) =>
    name.includes('session-agent'),
  );
  expect(peaks).toHaveLength(1);
  return peaks[0]?.[1] ?? Number.NaN;
}

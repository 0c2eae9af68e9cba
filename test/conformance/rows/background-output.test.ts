import { limits } from '@steppe/contracts/limits';
import type { OutputStream, StepEvent } from '@steppe/contracts/step';
import { expect } from 'vitest';
import { behaviours, flow, notInPods } from '../harness/behaviours.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

interface Steps {
  /** Leaves a thread or a timer that waits for the file `go`, writes, and creates `done`. */
  leaves: string;
  /** Releases it, and waits until it is done. */
  awaits: string;
}

const longOf = (lines: number): string =>
  Array.from({ length: lines }, (_, n) => `${String(n).padStart(7, '0')}${'x'.repeat(92)}\n`).join(
    '',
  );

/** @param lines that it writes to stdout; a tenth of them go to stderr too. */
const writing = (lines: number, error: PerLanguage<string>): PerLanguage<Steps> => ({
  python: {
    leaves: `
import os, sys, threading, time
def work():
    while not os.path.exists('go'): time.sleep(0.005)
    for n in range(${lines}):
        line = f'{n:07d}' + 'x' * 92
        print(line)
        if n < ${lines / 10}: print(line, file=sys.stderr)
    open('done', 'w').close()
    ${error.python}
thread = threading.Thread(target=work)
thread.start()`,
    awaits: `open('go', 'w').close()\nthread.join()\nprint('own')`,
  },
  node: {
    leaves: `
const timer = setInterval(() => {
  if (!fs.existsSync('go')) return
  clearInterval(timer)
  for (let n = 0; n < ${lines}; n++) {
    const line = String(n).padStart(7, '0') + 'x'.repeat(92)
    console.log(line)
    if (n < ${lines / 10}) console.error(line)
  }
  fs.writeFileSync('done', '')
  ${error.node}
}, 5)
undefined`,
    awaits: `fs.writeFileSync('go', '')\nwhile (!fs.existsSync('done')) await new Promise((done) => setTimeout(done, 5))\nconsole.log('own')`,
  },
});
const noError = { python: 'pass', node: '' };
const lateError = { python: 'raise ValueError("late")', node: 'throw new RangeError("late")' };

const textOf = (events: readonly StepEvent[], stream: OutputStream): string =>
  events
    .map((event) => (event.type === 'background' && event.stream === stream ? event.text : ''))
    .join('');

const lines = 10_000;

async function expectWhole(session: Session, stepId: string): Promise<void> {
  const { background, stdout } = await session.get(stepId);
  const events = await session.events(stepId);
  const whole = { stdout: longOf(lines), stderr: longOf(lines / 10) };
  expect(textOf(events, 'stdout') === whole.stdout).toBe(true);
  expect(textOf(events, 'stderr') === whole.stderr).toBe(true);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(stdout).toBe('own\n');
  for (const stream of ['stdout', 'stderr'] as const) {
    const shown = background?.[stream] ?? '';
    expect(whole[stream].endsWith(shown)).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(limits.backgroundBytes);
    expect(shown.length).toBeGreaterThan(0.9 * limits.backgroundBytes);
  }
}

behaviours('Background output', [
  flow(
    'a megabyte that a thread or timer writes during a later step is in its events, and the end of it in its result',
    writing(lines, noError),
    async (session, { leaves, awaits }) => {
      await session.run(leaves);
      await expectWhole(session, (await session.run(awaits)).step_id);
    },
    {},
  ),
  flow(
    'a megabyte that a thread or timer writes between steps is in the events of the next one, and the end of it in its result',
    writing(lines, noError),
    async (session, { leaves, awaits }) => {
      await session.run(leaves);
      await session.put('go', '');
      while (!(await session.files()).includes('done'));
      await expectWhole(session, (await session.run(awaits)).step_id);
    },
    {},
  ),
  notInPods(
    'the bounds of the spool are variables of the agent',
    flow(
      'background output that the spool cannot keep is counted, and an error after it is kept',
      writing(30_000, lateError),
      async (session, { leaves, awaits }) => {
        await session.run(leaves);
        await session.put('go', '');
        while (!(await session.files()).includes('done'));
        const { step_id: id, background } = await session.run(awaits);
        const events = await session.events(id);
        const lost = { stdout: 0, stderr: 0 };
        for (const event of events)
          if (event.type === 'background_dropped') lost[event.stream] += event.bytes;
        expect(lost.stdout).toBeGreaterThan(1_500_000);
        expect(textOf(events, 'stdout').length + lost.stdout).toBe(3_000_000);
        expect(textOf(events, 'stderr').length + lost.stderr).toBe(300_000);
        expect(textOf(events, 'stdout').endsWith(background?.stdout ?? 'no')).toBe(true);
        expect(background?.errors).toMatchObject([{ message: 'late' }]);
        expect(events.filter(({ type }) => type === 'background_error')).toHaveLength(1);
      },
      { agentEnv: { STEPPE_STEP_SPOOL_BYTES: `${1024 * 1024}` } },
    ),
  ),
]);

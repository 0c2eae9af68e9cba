import type { Ids } from '@steppe/contracts/ids';
import type { OutputStream } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expect, test } from 'vitest';
import { Interpreter } from '../../../../session-agent/interpreter/interpreter.ts';
import type { RunEnd } from '../../../../session-agent/interpreter/step-interpreter.ts';
import type { RuntimeTransport } from '../../../../session-agent/protocol/runtime-transport.ts';
import { lineOf, type StepAction, sessionVariable } from './step-program.ts';

/** A runtime that the suite starts for one test. */
export interface RuntimeUnderTest {
  transport: RuntimeTransport;
  clock: Clock;
  ids: Pick<Ids, 'nonce'>;
  codeOf(stepId: string, actions: readonly StepAction[]): string;
  /** Starts the supervisor, once the agent listens. */
  start(): void;
  killSupervisor(): void;
  stop(): Promise<void>;
  /** Resolves with `work`, which awaits what the runtime does. */
  drive<T>(work: Promise<T>): Promise<T>;
}

const session = 'ses';
const silent = createLogger({ service: 'test', level: 'silent' });

interface RanStep {
  end: RunEnd;
  stdout: string;
  stderr: string;
  displays: string[];
}

/** What the agent observes of a supervisor and its workers, whether real or simulated. */
export function describeRuntime(open: () => Promise<RuntimeUnderTest>): void {
  const withAgent = async (runtime: RuntimeUnderTest, use: (agent: Agent) => Promise<void>) => {
    const agent = await startAgent(runtime);
    try {
      await use(agent);
    } finally {
      agent.interpreter.close();
      await runtime.stop();
    }
  };
  const guarantee = (name: string, use: (agent: Agent) => Promise<void>) =>
    test(name, { timeout: 30_000 }, async () => {
      const runtime = await open();
      await runtime.drive(withAgent(runtime, use));
    });

  guarantee('runs a step between its markers', async ({ run }) => {
    const ran = await run('s1', [
      { do: 'print', lines: 3 },
      { do: 'print', lines: 1, stream: 'stderr' },
    ]);
    expect(ran.end).toMatchObject({ kind: 'done', status: 'completed', error: null, epoch: 1 });
    expect(ran.stdout).toBe([0, 1, 2].map((at) => lineOf(session, 's1', at)).join(''));
    expect(ran.stderr).toBe(lineOf(session, 's1', 3));
  });

  guarantee('keeps the memory from step to step, also after an error', async ({ run }) => {
    await run('s1', [{ do: 'set', name: 'x', value: '1' }]);
    const failed = await run('s2', [{ do: 'raise' }, { do: 'print', lines: 1 }]);
    expect(failed.end).toMatchObject({ kind: 'done', status: 'failed', epoch: 1 });
    expect(failed.stdout).toBe('');
    expect((await run('s3', [{ do: 'get', name: 'x' }])).stdout).toBe('x=1\n');
  });

  guarantee('an exit loses the memory and no output', async ({ run }) => {
    await run('s1', [{ do: 'set', name: 'x', value: '1' }]);
    const lost = await run('s2', [
      { do: 'print', lines: 2 },
      { do: 'exit', code: 3 },
      { do: 'print', lines: 1 },
    ]);
    expect(lost.end).toMatchObject({ kind: 'lost', error: { name: 'WorkerCrashed' }, epoch: 2 });
    expect(lost.stdout).toBe(lineOf(session, 's2', 0) + lineOf(session, 's2', 1));
    const next = await run('s3', [{ do: 'get', name: 'x' }]);
    expect(next).toMatchObject({ end: { epoch: 2 }, stdout: 'x is not defined\n' });
  });

  guarantee('an interrupt ends what waits, and keeps the memory', async ({ run, interpreter }) => {
    await run('s1', [{ do: 'set', name: 'x', value: '1' }]);
    const ran = await run('s2', [{ do: 'print', lines: 1 }, { do: 'hang' }], () =>
      interpreter.interrupt('s2'),
    );
    expect(ran.end).toMatchObject({
      kind: 'done',
      status: 'interrupted',
      error: { name: 'KeyboardInterrupt' },
    });
    expect((await run('s3', [{ do: 'get', name: 'x' }])).stdout).toBe('x=1\n');
  });

  guarantee('an interrupt of another step changes nothing', async ({ run, interpreter }) => {
    const ran = await run('s1', [{ do: 'print', lines: 2 }], () => interpreter.interrupt('s0'));
    expect(ran.end).toMatchObject({ kind: 'done', status: 'completed' });
  });

  guarantee('a kill ends what ignores interrupts', async ({ run, interpreter }) => {
    const ran = await run(
      's1',
      [
        { do: 'print', lines: 1 },
        { do: 'ignore_interrupts', ms: 600_000 },
      ],
      () => {
        interpreter.interrupt('s1');
        void interpreter.kill();
      },
    );
    expect(ran.end).toMatchObject({ kind: 'lost', epoch: 2 });
    expect((await run('s2', [{ do: 'print', lines: 1 }])).end.epoch).toBe(2);
  });

  guarantee('carries much output, whole and in order', async ({ run }) => {
    const bytes = 1_000_000;
    const { stdout } = await run('s1', [
      { do: 'flood', bytes },
      { do: 'print', lines: 1 },
    ]);
    expect(stdout.slice(bytes)).toMatch(/^ses s1 \d+\n$/);
    expect(stdout.startsWith(lineOf(session, 's1', 0))).toBe(true);
  });

  guarantee('shows values at their place in the output', async ({ run }) => {
    const ran = await run('s1', [
      { do: 'print', lines: 1 },
      { do: 'display', text: 'shown' },
      { do: 'print', lines: 1 },
    ]);
    expect(ran.displays).toHaveLength(1);
    expect(JSON.parse(ran.displays[0] ?? '')).toMatchObject({
      bundle: { 'text/plain': 'shown' },
      after: lineOf(session, 's1', 0).length,
    });
  });

  guarantee('what a thread prints later belongs to no step', async ({ run, background }) => {
    await run('s1', [{ do: 'background', lines: 2, everyMs: 20 }]);
    const ran = await run('s2', [{ do: 'sleep', ms: 300 }]);
    expect(ran.stdout).toBe('');
    const later = [2, 1].map((left) => lineOf(session, 's1 later', left)).join('');
    expect(background.text).toBe(later);
  });

  guarantee('a process that a step leaves delays neither the step nor a kill', async (agent) => {
    const ran = await agent.run('s1', [{ do: 'orphan', ms: 600_000 }]);
    expect(ran.end).toMatchObject({ kind: 'done', status: 'completed' });
    await agent.interpreter.restart();
    expect(agent.interpreter.epoch).toBe(2);
    const next = await agent.run('s2', [{ do: 'print', lines: 1 }]);
    expect(next).toMatchObject({ end: { epoch: 2 }, stdout: lineOf(session, 's2', 0) });
  });

  guarantee('the loss of the supervisor is a loss of memory', async ({ run, killSupervisor }) => {
    await run('s1', [{ do: 'set', name: 'x', value: '1' }]);
    const lost = await run('s2', [{ do: 'print', lines: 1 }, { do: 'hang' }], killSupervisor);
    expect(lost.end).toMatchObject({ kind: 'lost', error: { name: 'WorkerCrashed' }, epoch: 2 });
    const next = await run('s3', [{ do: 'get', name: 'x' }]);
    expect(next).toMatchObject({ end: { epoch: 2 }, stdout: 'x is not defined\n' });
  });
}

type Agent = Awaited<ReturnType<typeof startAgent>>;

/** An agent as far as its interpreter, whose session has variables. */
export async function startAgent({
  transport,
  clock,
  ids,
  codeOf,
  start,
  killSupervisor,
}: RuntimeUnderTest) {
  const background = { text: '' };
  const reasons: string[] = [];
  const interpreter = new Interpreter({
    transport,
    clock,
    ids,
    logger: silent,
    ensureWorkspace: async () => {},
    memoryBytes: null,
    background: {
      bytes: (_, bytes) => {
        background.text += bytes.toString();
      },
      text: (_, text) => {
        background.text += text;
      },
      error: () => {},
    },
    onMemoryLost: () => {},
    onReady: () => {},
    onUnresponsiveSupervisor: () => {},
    onGaveUp: (detail) => void reasons.push(detail),
  });
  await interpreter.listen();
  await interpreter.configure({ [sessionVariable]: session });
  start();
  /** @param onOutput called once, when the step has printed something. */
  const run = async (
    stepId: string,
    actions: StepAction[],
    onOutput?: () => void,
  ): Promise<RanStep> => {
    const seen: Omit<RanStep, 'end'> = { stdout: '', stderr: '', displays: [] };
    let isCalled = false;
    const output = (stream: OutputStream, bytes: Buffer) => {
      seen[stream] += bytes.toString();
      if (!isCalled) onOutput?.();
      isCalled = true;
    };
    await interpreter.ready();
    const end = await interpreter.run(
      { stepId, code: codeOf(stepId, actions), env: {}, cwd: null },
      {
        output,
        display: ({ bundle }) => {
          seen.displays.push(`{"bundle":${bundle},"after":${seen.stdout.length}}`);
        },
        clearOutput: () => {},
      },
      () => {},
    );
    return { ...seen, end };
  };
  return { interpreter, background, run, killSupervisor, reasons };
}

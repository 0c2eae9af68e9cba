import { createIds } from '@steppe/contracts/ids';
import { expect, test } from 'vitest';
import { Kernel } from '../../kernel/kernel.ts';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { driveKernel } from '../../testing/drive-kernel.ts';
import { describeRuntime, startAgent } from './runtime-conformance.ts';
import { noFaults, type RuntimeFaults } from './runtime-faults.ts';
import type { StepRun } from './runtime-machine.ts';
import { createRuntimeModel } from './runtime-model.ts';
import { encodeProgram, lineOf } from './step-program.ts';

let seed = 0;

function openModel(given: Partial<RuntimeFaults> = {}) {
  seed += 1;
  const kernel = new Kernel({ seed });
  const clock = createSimulatedClock(kernel);
  const faults = { ...noFaults, split: 0.2, ...given };
  const runs: StepRun[] = [];
  const faultsSeen = new Set<string>();
  const model = createRuntimeModel(kernel, {
    instanceId: 'ins_1',
    faults,
    onFault: (kind) => {
      faultsSeen.add(kind);
      // Three failed starts in a row would end the session.
      faults.orphanedStart = 0;
    },
    onBackOff: () => {},
    onRun: (run) => runs.push(run),
    random: kernel.random('runtime'),
  });
  return {
    ...{ kernel, clock, faults, runs, faultsSeen, model },
    transport: model.transport,
    ids: createIds(clock),
    codeOf: (_: string, actions: Parameters<typeof encodeProgram>[0]['actions']) =>
      encodeProgram({ session: 'ses', actions }),
    start: () => {},
    killSupervisor: () => model.killSupervisor(),
    stop: async () => model.stop(),
    drive: <T>(work: Promise<T>) => driveKernel(kernel, work),
  };
}

describeRuntime(async () => openModel());

type Model = ReturnType<typeof openModel>;
const withModel = (
  given: Partial<RuntimeFaults>,
  use: (run: Awaited<ReturnType<typeof startAgent>>['run'], model: Model) => Promise<void>,
): Promise<void> => {
  const model = openModel(given);
  return model.drive(startAgent(model).then(({ run }) => use(run, model)));
};

test('records what each step did, also one that its worker did not survive', () =>
  withModel({}, async (run, runtime) => {
    await run('s1', [{ do: 'print', lines: 1 }]);
    await run('s2', [
      { do: 'print', lines: 1 },
      { do: 'exit', code: 1 },
    ]);
    await run('s3', [{ do: 'raise' }]);
    const [first, , third] = runtime.runs;
    expect(runtime.runs).toMatchObject([
      { stepId: 's1', wantedSession: 'ses', session: 'ses', epoch: 1, end: 'completed' },
      {
        stepId: 's2',
        stdout: lineOf('ses', 's2', 0),
        epoch: 1,
        end: 'killed',
        memory: first?.memory,
      },
      { stepId: 's3', stdout: '', epoch: 2, end: 'failed' },
    ]);
    expect(third?.memory).not.toBe(first?.memory);
  }));

test('a container that is out of memory starts again, with all memory lost', () =>
  withModel({}, async (run) => {
    const lost = await run('s1', [{ do: 'allocate', kills: 'container' }]);
    expect(lost.end).toMatchObject({ kind: 'lost', epoch: 2 });
    const killed = await run('s2', [{ do: 'allocate', kills: 'worker' }]);
    expect(killed.end).toMatchObject({ kind: 'lost', error: { name: 'OutOfMemory' }, epoch: 3 });
    expect((await run('s3', [{ do: 'print', lines: 1 }])).stdout).toBe(lineOf('ses', 's3', 0));
  }));

test('a worker that outlives its supervisor runs no step', async () => {
  for (let times = 0; times < 20; times += 1)
    await withModel({ orphanedStart: 1 }, async (run, { faultsSeen }) => {
      const { stdout } = await run('s1', [{ do: 'print', lines: 1 }]);
      expect(stdout).toBe(lineOf('ses', 's1', 0));
      expect(faultsSeen).toContain('orphaned start');
    });
});

test('end markers that come late change no result', () =>
  withModel({ lateMarkers: 1 }, async (run) => {
    for (const stepId of ['s1', 's2', 's3'])
      expect(await run(stepId, [{ do: 'print', lines: 1 }])).toMatchObject({
        end: { kind: 'done', epoch: 1 },
        stdout: lineOf('ses', stepId, 0),
      });
  }));

test('a step that breaks the protocol costs its memory', () =>
  withModel({}, async (run) => {
    const ran = await run('s1', [{ do: 'break_protocol' }, { do: 'hang' }]);
    expect(ran.end).toMatchObject({ kind: 'lost', error: { name: 'ProtocolError' }, epoch: 2 });
  }));

test('an interpreter whose starts are broken is given up', () => {
  const model = openModel({ brokenStarts: 1 });
  const giveUp = async () => {
    const { reasons } = await startAgent(model);
    await model.clock.sleep(60_000);
    expect(reasons).toHaveLength(1);
  };
  return model.drive(giveUp());
});

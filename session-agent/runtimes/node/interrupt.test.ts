import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listProcesses } from './supervise/processes.ts';
import { bundleRuntime } from './testing/bundle-runtime.ts';
import { randomSeed, randomTriesMs } from './testing/config.ts';
import { type FakeAgent, startFakeAgent } from './testing/fake-agent.ts';

let runtimeDir: string;
let agent: FakeAgent;

beforeAll(async () => {
  runtimeDir = await bundleRuntime();
  agent = await startFakeAgent(runtimeDir);
  await agent.start(1);
  await agent.run('const kept = { value: 1 }');
});
afterAll(async () => {
  await agent.close();
  rmSync(runtimeDir, { recursive: true });
});

const endless = {
  'a loop': 'console.log("runs"); while (true);',
  'a loop after an await': 'await 1; console.log("runs"); while (true);',
  'a loop in a timer':
    'setTimeout(() => { console.log("runs"); while (true); }, 1); await new Promise(() => {})',
  'a loop in a then': 'await Promise.resolve().then(() => { console.log("runs"); while (true); })',
  'a wait': 'console.log("runs"); setTimeout(() => {}, 60_000); await new Promise(() => {})',
  'a storm of microtasks': 'console.log("runs"); for (;;) await null',
  'a storm of ticks':
    'console.log("runs"); process.nextTick(function again() { process.nextTick(again) }); await new Promise((r) => setTimeout(r, 5000))',
  'a regular expression': 'console.log("runs"); /(a+)+b/.test("a".repeat(60))',
  'Atomics.wait':
    'console.log("runs"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'code that swallows errors': 'console.log("runs"); for (;;) { try { for (;;); } catch {} }',
  'code that swallows errors after an await':
    'await 1; console.log("runs"); for (;;) { try { for (;;); } catch {} }',
  bignums: 'console.log("runs"); const big = 3n ** 300000n; for (;;) big * big',
  WebAssembly:
    'console.log("runs"); new WebAssembly.Instance(new WebAssembly.Module(Buffer.from("0061736d010000000104016000000302010007050101660000" + "0a0901070003400c000b0b", "hex"))).exports.f()',
  execSync: 'console.log("runs"); require("child_process").execSync("sleep 100")',
  'execSync after an await':
    'await null; console.log("runs"); require("child_process").execSync("sleep 100; true")',
  'a loop of spawnSync':
    'await null; console.log("runs"); for (;;) require("child_process").spawnSync("sleep", ["100"])',
  'a child that ignores signals':
    'console.log("runs"); require("child_process").execSync("trap \'\' INT TERM; sleep 100")',
  'a loop behind a SIGINT listener of its own':
    'process.on("SIGINT", () => {}); console.log("runs"); while (true);',
  'a loop behind a listener that passes the signal on':
    'process.on("SIGINT", function end() { process.off("SIGINT", end); process.kill(process.pid, "SIGINT"); }); console.log("runs"); while (true);',
  'a loop behind one that another script was ended in':
    'console.log("runs"); try { vm.runInThisContext("while (true);", { breakOnSigint: true }) } catch {} while (true);',
  'endless printing': 'await 1; for (;;) console.log("runs")',
};

for (const [name, code] of Object.entries(endless)) {
  it(`ends ${name}, keeps the memory and affects no later step`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const step = agent.submit(code);
      await agent.streams().stdout?.until('runs');
      agent.tellWorker({ type: 'interrupt', step_id: step.id });
      expect((await step.ended()).done.status).toBe('interrupted');
      expect(await agent.log.next('interrupted')).toEqual({
        type: 'interrupted',
        step_id: step.id,
      });
      const next = await agent.run('console.log("next"); await null; kept.value');
      expect([next.done.status, next.stdout, next.shown[0]?.bundle['text/plain']]).toEqual([
        'completed',
        'next\n',
        '1',
      ]);
    }
  });
}

it('ends a loop that an earlier step left behind', async () => {
  agent.log.take('background');
  await agent.run('setTimeout(() => { console.log("runs"); while (true); }, 5); 0');
  await agent.log.next('background');
  const step = agent.submit('await new Promise((done) => setTimeout(done, 60_000))');
  agent.tellWorker({ type: 'interrupt', step_id: step.id });
  expect((await step.ended()).done.status).toBe('interrupted');
  await agent.log.next('interrupted');
  expect((await agent.run('kept.value')).done.status).toBe('completed');
});

it('acknowledges an interrupt of a step that has ended', async () => {
  await agent.run('1', { stepId: 'stp_over' });
  agent.tellWorker({ type: 'interrupt', step_id: 'stp_over' });
  expect(await agent.log.next('interrupted')).toEqual({ type: 'interrupted', step_id: 'stp_over' });
});

it('leaves no child process after it ends a wait for one', () => {
  const children = listProcesses().filter(
    ({ carries, ended }) => !ended && carries(`STEPPE_INSTANCE_ID=${agent.instanceId}`),
  );
  // The supervisor and the worker.
  expect(children).toHaveLength(2);
});

it(`never affects the next step, at whatever moment it arrives (STEPPE_TEST_SEED=${randomSeed})`, {
  timeout: randomTriesMs + 60_000,
  retry: 0,
}, async () => {
  const others = await Promise.all([startFakeAgent(runtimeDir), startFakeAgent(runtimeDir)]);
  for (const other of others) await other.start(1);
  const until = performance.now() + randomTriesMs;
  const tries = await Promise.all(
    [agent, ...others].map((each, index) =>
      interruptAtRandom(each, createRandom(randomSeed + index), until),
    ),
  );
  for (const other of others) await other.close();
  expect(tries.reduce((sum, count) => sum + count)).toBeGreaterThan(randomTriesMs / 200);
});

/**
 * Steps that last about as long as the climb to a rung of the ladder, or much less. Each is
 * followed by a step that must not be affected.
 */
async function interruptAtRandom(
  tried: FakeAgent,
  random: () => number,
  until: number,
): Promise<number> {
  const before = ['', 'await null; ', 'await new Promise((resolve) => setTimeout(resolve, 1)); '];
  const lengthsMs = [0, 2, 5, 5, 10, 10, 58, 158];
  await tried.run('const untouched = { value: 1 }');
  let tries = 0;
  for (; performance.now() < until; tries += 1) {
    const busyMs = pick(lengthsMs, random) + random() * 5;
    const code = `${pick(before, random)}{ const end = performance.now() + ${busyMs}; while (performance.now() < end); }`;
    const step = tried.submit(code);
    const delayMs = random() * 8;
    if (random() < 0.8) await new Promise((resolve) => setTimeout(resolve, delayMs));
    tried.tellWorker({ type: 'interrupt', step_id: step.id });
    const { done } = await step.ended();
    expect(['completed', 'interrupted']).toContain(done.status);
    expect(await tried.log.next('interrupted')).toMatchObject({ step_id: step.id });
    const next = await tried.run(
      'for (let i = 0; i < 100000; i += 1); await null; for (let i = 0; i < 100000; i += 1); untouched.value',
    );
    expect([next.done.status, next.shown[0]?.bundle['text/plain'], code]).toEqual([
      'completed',
      '1',
      code,
    ]);
  }
  return tries;
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleRuntime } from './testing/bundle-runtime.ts';
import { type FakeAgent, startFakeAgent } from './testing/fake-agent.ts';

let runtimeDir: string;
let agent: FakeAgent;

beforeAll(async () => {
  runtimeDir = await bundleRuntime();
  agent = await startFakeAgent(runtimeDir);
  await agent.start(1);
  await agent.run(
    'const { promisify } = util; const { once } = events; const { Worker } = worker_threads',
  );
});
afterAll(async () => {
  await agent.close();
  rmSync(runtimeDir, { recursive: true });
});

const deadEnd = 'await new Promise(() => {})';
const isUnsettled = async (code: string): Promise<boolean> =>
  (await agent.run(code)).done.error?.name === 'UnsettledAwait';

/** Each waits longer than several checks, and has the value 'came'. */
const waits = {
  timers: 'await new Promise((done) => setTimeout(done, 150)); "came"',
  'a chain of setImmediate':
    'for (const end = Date.now() + 150; Date.now() < end; ) await new Promise(setImmediate); "came"',
  'a child process':
    'await promisify(child_process.exec)("sleep 0.15; printf came").then((r) => r.stdout)',
  'a thread':
    'const [said] = await once(new Worker("setTimeout(() => require(\'worker_threads\').parentPort.postMessage(\'came\'), 150)", { eval: true }), "message"); said',
  'a thread that is silent until it exits':
    'await once(new Worker("setTimeout(() => {}, 150)", { eval: true }), "exit"); "came"',
  'a server and its client':
    'const server = http.createServer((_, to) => setTimeout(() => to.end("came"), 150)).listen(0); await once(server, "listening"); const text = await (await fetch("http://127.0.0.1:" + server.address().port)).text(); server.close(); text',
  'a file': 'await fs.promises.readFile("/proc/self/status"); "came"',
  'a pipe of a child':
    'let all = ""; for await (const part of child_process.spawn("sh", ["-c", "sleep 0.15; printf came"]).stdout) all += part; all',
  'a look-up': 'await dns.promises.lookup("localhost"); "came"',
  'work of the thread pool':
    'await promisify(require("crypto").scrypt)("a", "b", 64, { N: 2 ** 16, r: 8, maxmem: 2 ** 28 }); "came"',
  compression: 'await promisify(zlib.gzip)(Buffer.alloc(2e7)); "came"',
  'a digest': 'await crypto.subtle.digest("SHA-512", Buffer.alloc(5e7)); "came"',
  WebAssembly: 'await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); "came"',
  'a channel':
    'const { port1, port2 } = new MessageChannel(); setTimeout(() => port2.postMessage("came"), 150); const got = await new Promise((done) => { port1.once("message", done) }); port1.close(); got',
  'a module that awaits':
    'await import("data:text/javascript,await new Promise((done) => setTimeout(done, 150)); export default \'came\'").then((m) => m.default)',
};

describe('waits for', () => {
  for (const [what, code] of Object.entries(waits)) {
    it(what, async () => {
      const { done, shown } = await agent.run(code);
      expect(done.error).toBeNull();
      expect(shown.at(-1)?.bundle['text/plain']).toBe("'came'");
    });
  }

  it('a timer of an earlier step', async () => {
    await agent.run(
      'let release; const timer = setInterval(() => release && (clearInterval(timer), release("came")), 300); 0',
    );
    const { shown } = await agent.run('await new Promise((done) => { release = done })');
    expect(shown[0]?.bundle['text/plain']).toBe("'came'");
  });
});

it('fails a step that waits for nothing, again and again', async () => {
  for (let count = 0; count < 20; count += 1) expect(await isUnsettled(deadEnd)).toBe(true);
  expect((await agent.run('1')).done.error).toBeNull();
});

it('does not call listeners of user code, and lives on whatever they do', async () => {
  const listens =
    'process.on("beforeExit", () => { console.log("exits"); throw new Error("exits") }); process.on("exit", () => console.log("exit")); 0';
  await agent.run(listens);
  const { stdout, done } = await agent.run(deadEnd);
  expect([stdout, done.error?.name]).toEqual(['', 'UnsettledAwait']);
  await agent.run(
    'process.removeAllListeners(); const { emit } = process; process.emit = () => { throw 1 }; 0',
  );
  expect(await isUnsettled(deadEnd)).toBe(true);
  expect((await agent.run('process.emit = emit; 1')).done.error).toBeNull();
});

it('fails no step after code was terminated in a callback', async () => {
  const other = await startFakeAgent(runtimeDir);
  await other.start(1);
  const storm = other.submit(
    'console.log("runs"); process.nextTick(function again() { process.nextTick(again) }); await new Promise(() => {})',
  );
  await other.streams().stdout?.until('runs');
  other.tellWorker({ type: 'interrupt', step_id: storm.id });
  expect((await storm.ended()).done.status).toBe('interrupted');
  await other.log.next('interrupted');
  const { done } = await other.run('await new Promise((done) => setTimeout(done, 100)); 5');
  expect(done.error).toBeNull();
  await other.close();
});

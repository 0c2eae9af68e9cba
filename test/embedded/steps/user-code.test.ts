import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { eventsOf } from '../../support/api/steps.ts';
import { findInstance, residentBytes } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const megabyte = 1024 * 1024;

const languages = [
  {
    ...python,
    raises: {
      code: 'print("before")\nraise ValueError("no value")',
      error: { name: 'ValueError', message: 'no value' },
    },
    wrong: { code: 'print("before"', name: 'SyntaxError' },
    nested: 'def outer():\n    inner()\ndef inner():\n    raise RuntimeError("deep")\nouter()',
    prints: (count: number) =>
      `import sys\nfor i in range(${count}):\n    sys.stdout.write("%07d " % i + "x" * 1015 + "\\n")`,
    writesBytes:
      'import sys\nsys.stdout.buffer.write(b"ok \\xff\\xfe \\xe4\\xb8 \\xc3\\xa9\\n")\nsys.stderr.buffer.write(b"\\x80\\n")',
    writesSplit:
      'import os, time\nfor byte in "Grüße 世界 🌍".encode():\n    os.write(1, bytes([byte]))\n    time.sleep(0.005)',
    child:
      'import os, subprocess\nsubprocess.run("echo child; echo oops >&2", shell=True)\nos.write(1, b"raw\\n")\nprint("own")',
    waitsForChildren: 'import subprocess\nsubprocess.run(["seq", "100000"])\nprint("end")',
  },
  {
    ...node,
    raises: {
      code: 'console.log("before");\nthrow new RangeError("no value")',
      error: { name: 'RangeError', message: 'no value' },
    },
    wrong: { code: 'console.log("before"', name: 'SyntaxError' },
    nested: 'function outer() { inner(); }\nfunction inner() { throw new Error("deep"); }\nouter()',
    prints: (count: number) =>
      `for (let i = 0; i < ${count}; i += 1) process.stdout.write(String(i).padStart(7, "0") + " " + "x".repeat(1015) + "\\n");`,
    writesBytes:
      'process.stdout.write(Buffer.from("6f6b20fffe20e4b820c3a90a", "hex"));\nprocess.stderr.write(Buffer.from([0x80, 10]));',
    writesSplit:
      'for (const byte of Buffer.from("Grüße 世界 🌍")) {\n  require("fs").writeSync(1, Buffer.from([byte]));\n  await new Promise((done) => setTimeout(done, 5));\n}',
    child:
      'require("child_process").execSync("echo child; echo oops >&2", { stdio: "inherit" });\nrequire("fs").writeSync(1, "raw\\n");\nconsole.log("own");',
    waitsForChildren:
      'require("child_process").execSync("seq 100000", { stdio: "inherit" });\nconsole.log("end");',
  },
];

describe.each(languages)('code of $runtime', (language) => {
  let client: Client;
  let id: string;
  let agentPid: number;
  beforeAll(async () => {
    client = await local().newClient();
    const session = await client.createSession({ runtime: language.runtime });
    id = session.session_id;
    agentPid = findInstance(session.instance_id).agentPid;
  });

  test('that raises fails with its error, its output and its memory kept', async () => {
    await client.run(id, language.remember);
    const result = await client.run(id, language.raises.code);
    expect(result).toMatchObject({
      status: 'failed',
      stdout: 'before\n',
      state_lost: false,
      error: language.raises.error,
    });
    expect((await client.run(id, language.recall)).results).toMatchObject([{ 'text/plain': '42' }]);
  });

  test('with a syntax error fails before any of it runs', async () => {
    const result = await client.run(id, language.wrong.code);
    expect(result).toMatchObject({
      status: 'failed',
      stdout: '',
      error: { name: language.wrong.name },
    });
  });

  test('that raises deep inside has a traceback with its lines, and no file of ours', async () => {
    const traceback = (await client.run(id, language.nested)).error?.traceback.join('\n') ?? '';
    for (const name of ['outer', 'inner', 'deep']) expect(traceback).toContain(name);
    expect(traceback).not.toMatch(/steppe_runtime|supervisor|session-agent|\.cjs|node:/);
    expect(traceback).not.toContain('\u001b');
  });

  test('that prints 10 MB keeps the head and tail of its output, and says so', async () => {
    const { status, stdout, truncated } = await client.run(id, language.prints(10_240));
    expect(status).toBe('completed');
    expect(truncated).toEqual({ stdout: true, stderr: false, results: false });
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(megabyte);
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(megabyte * 0.75);
    expect(stdout).toMatch(/^0000000 x+\n0000001 /);
    expect(stdout).toMatch(/\n0010239 x+\n$/);
    const dropped = Number(/\n\[… (\d+) bytes dropped …\]\n/.exec(stdout)?.[1]);
    expect(dropped).toBeGreaterThan(9 * megabyte);
    expect((await client.run(id, language.recall)).truncated.stdout).toBe(false);
  });

  test('that prints 1 GB does not make the agent or the data-plane grow, even while it runs', {
    timeout: 240_000,
  }, async () => {
    const pids = [agentPid, local().process.pid ?? 0];
    const before = pids.map((pid) => residentBytes(pid, 'VmHWM'));
    const result = await client.run(id, language.prints(1024 * 1024), { timeout_ms: 200_000 });
    expect(result).toMatchObject({ status: 'completed', truncated: { stdout: true } });
    for (const [at, pid] of pids.entries())
      expect(residentBytes(pid, 'VmHWM') - (before[at] ?? 0)).toBeLessThan(64 * megabyte);
  });

  test('that writes invalid UTF-8 has each bad sequence replaced', async () => {
    const { status, stdout, stderr } = await client.run(id, language.writesBytes);
    expect({ status, stdout, stderr }).toEqual({
      status: 'completed',
      stdout: 'ok \ufffd\ufffd \ufffd é\n',
      stderr: '\ufffd\n',
    });
  });

  test('that writes characters byte by byte has whole characters in each event', async () => {
    const { step_id: stepId, stdout } = await client.run(id, language.writesSplit);
    expect(stdout).toBe('Grüße 世界 🌍');
    const pieces = (await eventsOf(client, id, stepId)).flatMap((event) =>
      event.type === 'stdout' ? [event.text] : [],
    );
    expect(pieces.join('')).toBe(stdout);
    expect(pieces.filter((piece) => Buffer.from(piece).includes('\ufffd'))).toEqual([]);
  });

  test('has the output of child processes and raw descriptors captured', async () => {
    const { stdout, stderr } = await client.run(id, language.child);
    expect(stdout.split('\n').sort()).toEqual(['', 'child', 'own', 'raw']);
    expect(stderr).toBe('oops\n');
  });

  test('has all output of its child before its own later output', async () => {
    const { stdout } = await client.run(id, language.waitsForChildren);
    expect(stdout).toMatch(/^1\n2\n/);
    expect(stdout).toMatch(/\n99999\n100000\nend\n$/);
    expect(stdout.match(/\n/g)).toHaveLength(100_001);
  });
});

describe('code that exits or reads input', () => {
  test.each([
    { code: 'import sys\nprint("before")\nsys.exit(3)', message: '3' },
    { code: 'print("before")\nexit()', message: '' },
    { code: 'print("before")\nraise SystemExit("done")', message: 'done' },
  ])('in Python keeps the memory: $code', async ({ code, message }) => {
    const client = await local().newClient();
    const { session_id: id } = await client.createSession();
    await client.run(id, python.remember);
    const result = await client.run(id, code);
    expect(result).toMatchObject({
      status: 'failed',
      stdout: 'before\n',
      state_lost: false,
      epoch: 1,
    });
    expect(result.error).toMatchObject({
      name: 'SystemExit',
      message: expect.stringContaining(message),
    });
    expect((await client.run(id, python.recall)).results).toMatchObject([{ 'text/plain': '42' }]);
  });

  test('gets an error from input(), because nobody can type', async () => {
    const client = await local().newClient();
    const { session_id: id } = await client.createSession();
    expect(await client.run(id, 'input("name? ")')).toMatchObject({
      status: 'failed',
      error: { name: 'EOFError' },
      state_lost: false,
    });
  });
});

test('values that are nested too deeply are shown as text, and do not harm the session', async () => {
  const client = await local().newClient();
  const { session_id: id } = await client.createSession({ runtime: 'node' });
  for (const levels of [100, 500, 900, 1_500, 3_000, 30_000]) {
    const code = `var a = []; for (let i = 0; i < ${levels}; i += 1) a = [a]; display({ "application/json": a }); display.json(a)`;
    expect(await client.run(id, code)).toMatchObject({
      status: 'completed',
      epoch: 1,
      truncated: { results: true },
      results: [{ 'text/plain': '[ [ [ [Array] ] ] ]' }, { 'text/plain': '[ [ [ [Array] ] ] ]' }],
    });
  }
});

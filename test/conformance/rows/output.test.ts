import { limits } from '@steppe/contracts/limits';
import { expect } from 'vitest';
import { behaviours, flow, notInPods, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';

const waitForGo = {
  python: (name: string) =>
    `import os, time\nwhile not os.path.exists("${name}"):\n    time.sleep(0.005)`,
  node: (name: string) =>
    `while (!require("fs").existsSync("${name}")) await new Promise((done) => setTimeout(done, 5));`,
};

behaviours('Output', [
  steps(
    'printed text is standard output',
    { python: 'print("hi")', node: 'console.log("hi")' },
    { stdout: 'hi\n' },
  ),
  steps(
    'text without a line end gets none',
    { python: 'print("hi", end="")', node: 'process.stdout.write("hi"); undefined' },
    { stdout: 'hi' },
  ),
  steps(
    'standard error is kept separate',
    { python: 'import sys\nprint("oops", file=sys.stderr)', node: 'console.error("oops")' },
    { stderr: 'oops\n' },
  ),
  steps(
    'output to both streams at once is complete',
    {
      python: 'import sys\nprint("o")\nprint("e", file=sys.stderr)\nprint("p")',
      node: 'console.log("o"); console.error("e"); console.log("p")',
    },
    { stdout: 'o\np\n', stderr: 'e\n' },
  ),
  steps(
    'prints keep their order',
    {
      python: 'for i in range(200): print(i)',
      node: 'for (let i = 0; i < 200; i++) console.log(i)',
    },
    { stdout: `${[...Array(200).keys()].join('\n')}\n` },
  ),
  steps(
    'several values are printed with spaces between',
    { python: 'print(1, "two", [3])', node: 'console.log(1, "two", [3])' },
    { stdout: /^1 two \[ ?3 ?\]\n$/ },
  ),
  steps(
    'text of any script is printed unchanged',
    { python: 'print("Grüße 世界 🌍")', node: 'console.log("Grüße 世界 🌍")' },
    { stdout: 'Grüße 世界 🌍\n' },
  ),
  steps(
    'a progress line with carriage returns is passed on as written',
    {
      python: 'for i in range(3): print(f"\\r{i}/2", end="")',
      node: 'for (let i = 0; i < 3; i++) process.stdout.write("\\r" + i + "/2"); undefined',
    },
    { stdout: '\r0/2\r1/2\r2/2' },
  ),
  steps(
    'colours are passed on as written',
    { python: 'print("\\x1b[31mred\\x1b[0m")', node: 'console.log("\\x1b[31mred\\x1b[0m")' },
    { stdout: '\u001b[31mred\u001b[0m\n' },
  ),
  steps(
    'zero bytes and Windows line ends are passed on',
    { python: 'print("a\\0b\\r\\nc")', node: 'console.log("a\\0b\\r\\nc")' },
    { stdout: 'a\0b\r\nc\n' },
  ),
  steps(
    'text that looks like the protocol is only text',
    {
      python: 'print(\'{"type":"done","status":"failed"}\')\nprint("\\x1e\\x00steppe")',
      node: 'console.log(\'{"type":"done","status":"failed"}\'); console.log("\\x1e\\x00steppe")',
    },
    { stdout: '{"type":"done","status":"failed"}\n\u001e\0steppe\n' },
  ),
  steps(
    'bytes that are not UTF-8 are replaced',
    {
      python: 'import sys\n_ = sys.stdout.buffer.write(b"a\\xff\\xfeb\\n")',
      node: 'process.stdout.write(Buffer.from([0x61, 0xff, 0xfe, 0x62, 10])); undefined',
    },
    { stdout: 'a\ufffd\ufffdb\n' },
  ),
  steps(
    'a character written in pieces is one character',
    {
      python:
        'import os, time\nfor byte in "世🌍".encode():\n    _ = os.write(1, bytes([byte]))\n    time.sleep(0.006)',
      node: 'for (const byte of Buffer.from("世🌍")) {\n  require("fs").writeSync(1, Buffer.from([byte]))\n  await new Promise((done) => setTimeout(done, 6))\n}',
    },
    { stdout: '世🌍' },
  ),
  steps(
    'bytes written to the raw descriptor are output',
    {
      python: 'import os\n_ = os.write(1, b"raw\\n")',
      node: 'require("fs").writeSync(1, "raw\\n"); undefined',
    },
    { stdout: 'raw\n' },
  ),
  steps(
    'text from a child process is output',
    {
      python: 'import subprocess\n_ = subprocess.run(["sh", "-c", "echo child; echo oops >&2"])',
      node: 'require("child_process").execSync("echo child; echo oops >&2", { stdio: "inherit" }); undefined',
    },
    { stdout: 'child\n', stderr: 'oops\n' },
  ),
  steps(
    'prints around a child process keep their order',
    {
      python:
        'import subprocess\nprint("before")\n_ = subprocess.run(["echo", "child"])\nprint("after")',
      node: 'console.log("before"); require("child_process").execSync("echo child", { stdio: "inherit" }); console.log("after")',
    },
    { stdout: 'before\nchild\nafter\n' },
  ),
  steps(
    'just under a megabyte is kept whole',
    { python: 'print("x" * 1_000_000)', node: 'console.log("x".repeat(1_000_000))' },
    { stdout: `${'x'.repeat(1_000_000)}\n` },
  ),
  notInPods(
    'the image of the Node runtime has no Python',
    steps(
      'a child that leaves the stream non-blocking does not cut later output',
      {
        python: [
          'import subprocess\n_ = subprocess.run(["python3", "-c", "import os; os.set_blocking(1, False)"])',
          'print("x" * 900_000)',
        ],
        node: [
          'require("child_process").execSync(`python3 -c "import os; os.set_blocking(1, False)"`, { stdio: "inherit" }); undefined',
          'console.log("x".repeat(900_000))',
        ],
      },
      { stdout: `${'x'.repeat(900_000)}\n` },
    ),
    ['node'],
  ),
  steps(
    'output before an error is kept',
    {
      python: 'print("before")\nraise ValueError("x")',
      node: 'console.log("before"); throw new Error("x")',
    },
    { stdout: 'before\n', error: { name: /Error$/ } },
  ),
  steps(
    'an object is printed in the language’s own form',
    { python: 'print({"a": 1}, True, None)', node: 'console.log({ a: 1 }, true, null)' },
    { stdout: { python: "{'a': 1} True None\n", node: '{ a: 1 } true null\n' } },
  ),
  flow(
    'a print arrives before the step ends',
    {
      python: `print("early")\n${waitForGo.python('go1')}`,
      node: `console.log("early")\n${waitForGo.node('go1')}`,
    },
    async (session, code) => {
      const seen: string[] = [];
      for await (const event of session.stream(code)) {
        seen.push(event.type);
        // The step ends only after this file exists, so the print arrives before the end.
        if (event.type === 'stdout') await session.put('go1', '');
      }
      expect(seen).toEqual(['step_started', 'stdout', 'step_ended']);
    },
  ),
  flow(
    'half a line arrives before the step ends',
    {
      python: `print("half", end="", flush=True)\n${waitForGo.python('go2')}\nprint(" whole")`,
      node: `process.stdout.write("half")\n${waitForGo.node('go2')}\nconsole.log(" whole")`,
    },
    async (session, code) => {
      const texts: string[] = [];
      for await (const event of session.stream(code)) {
        if (event.type !== 'stdout') continue;
        if (texts.length === 0) await session.put('go2', '');
        texts.push(event.text);
      }
      expect(texts).toEqual(['half', ' whole\n']);
    },
  ),
  flow(
    'many small prints arrive as few events',
    {
      python: 'for i in range(20000): print(i)',
      node: 'for (let i = 0; i < 20000; i++) console.log(i)',
    },
    async (session, code) => {
      const { step_id: stepId, stdout } = await session.run(code);
      const events = (await session.events(stepId)).filter(({ type }) => type === 'stdout');
      expect(stdout.split('\n')).toHaveLength(20_001);
      expect(events.length).toBeLessThan(2_000);
    },
  ),
  flow(
    'much output keeps head and tail, and dropped bytes are counted',
    {
      python: 'print("HEAD")\nfor _ in range(64): print("x" * 65535)\nprint("TAIL")',
      node: 'console.log("HEAD")\nfor (let i = 0; i < 64; i++) console.log("x".repeat(65535))\nconsole.log("TAIL")',
    },
    async (session, code) => {
      const { stdout, truncated, status } = await session.run(code);
      expect({ status, truncated }).toEqual({
        status: 'completed',
        truncated: { stdout: true, stderr: false, results: false },
      });
      expect(stdout).toMatch(/^HEAD\nxx/);
      expect(stdout).toMatch(/xx\nTAIL\n$/);
      const dropped = Number(/\n\[… (\d+) bytes dropped …\]\n/.exec(stdout)?.[1]);
      const notice = Buffer.byteLength(`\n[… ${dropped} bytes dropped …]\n`);
      expect(Buffer.byteLength(stdout) - notice + dropped).toBe(64 * 65_536 + 10);
      expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(limits.outputBytesPerStream);
    },
  ),
  flow(
    'a live reader gets all of a long output while the step runs, and so does one that replays it',
    {
      python:
        'import os, time\nfor n in range(80_000): print(f"{n:07d}" + "x" * 92)\nwhile not os.path.exists("seen"): time.sleep(0.02)\nos.remove("seen")',
      node: 'const fs = require("fs")\nfor (let n = 0; n < 80_000; n++) console.log(String(n).padStart(7, "0") + "x".repeat(92))\nwhile (!fs.existsSync("seen")) await new Promise((done) => setTimeout(done, 20))\nfs.unlinkSync("seen")',
    },
    async (session, code) => {
      const length = 80_000 * 100;
      let text = '';
      let id = '';
      for await (const event of session.stream(code)) {
        if (event.type === 'stdout') text += event.text;
        // The step ends only if its reader has seen everything before.
        if (event.type === 'stdout' && text.length === length) await session.put('seen', '');
        if (event.type === 'step_ended') id = event.step_id;
      }
      const isWhole = (all: string): boolean =>
        all.length === length &&
        all.split('\n').every((line, n) => n === 80_000 || Number(line.slice(0, 7)) === n);
      const replayed = await session.events(id);
      const again = replayed.map((event) => (event.type === 'stdout' ? event.text : '')).join('');
      expect([isWhole(text), isWhole(again)]).toEqual([true, true]);
      expect(replayed.map(({ seq }) => seq)).toEqual(replayed.map((_, at) => at + 1));
    },
  ),
  flow(
    'a result that is cut names a path that returns the whole output, or a range of it',
    {
      python: 'for n in range(30_000): print(f"{n:07d}" + "x" * 92)',
      node: 'for (let n = 0; n < 30_000; n++) console.log(String(n).padStart(7, "0") + "x".repeat(92))',
    },
    async (session, code) => {
      const { step_id: id, session_id: of, full_output: named } = await session.run(code);
      const path = `/steps/${id}/output/stdout`;
      expect(named).toEqual({ stdout: `/v1/sessions/${of}${path}` });
      const whole = await session.call('GET', path);
      const text = await whole.text();
      const about = ['content-type', 'content-length', 'steppe-dropped-bytes'];
      expect(about.map((name) => whole.headers.get(name))).toEqual([
        'text/plain; charset=utf-8',
        '3000000',
        '0',
      ]);
      expect([text.length, text.slice(1_000_000, 1_000_007)]).toEqual([3_000_000, '0010000']);
      const part = await session.call('GET', path, undefined, { range: 'bytes=2500000-2500006' });
      expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
        206,
        'bytes 2500000-2500006/3000000',
        '0025000',
      ]);
      const last = await session.call('GET', path, undefined, { range: 'bytes=-100' });
      expect(await last.text()).toBe(text.slice(-100));
      const beyond = await session.call('GET', path, undefined, { range: 'bytes=3000000-' });
      expect(beyond.status).toBe(416);
      const stderr = await session.call('GET', `/steps/${id}/output/stderr`);
      expect([stderr.status, await stderr.text()]).toEqual([200, '']);
      expect((await session.call('GET', `/steps/${id}/output/other`)).status).toBe(404);
      expect((await session.call('GET', '/steps/never/output/stdout')).status).toBe(404);
    },
  ),
  flow(
    'standard error is truncated separately',
    {
      python: 'import sys\nsys.stderr.write("e" * 3_000_000)\nprint("out")',
      node: 'process.stderr.write("e".repeat(3_000_000)); console.log("out")',
    },
    async (session, code) => {
      const { stdout, truncated } = await session.run(code);
      expect({ stdout, truncated }).toEqual({
        stdout: 'out\n',
        truncated: { stdout: false, stderr: true, results: false },
      });
    },
  ),
  flow(
    'the output of one step is not in the next',
    {
      python: ['print("first")', 'print("second")'],
      node: ['console.log("first")', 'console.log("second")'],
    },
    async (session, [first = '', second = '']) => {
      await session.run(first);
      expectResult(await session.run(second), { stdout: 'second\n' }, session.language);
    },
  ),
]);

import { limits } from '@steppe/contracts/limits';
import { expect } from 'vitest';
import { behaviours, flow, type Row, steps } from '../harness/behaviours.ts';
import { expectResult, mainValue } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';

const mebibytes = (count: number) => ({ memoryBytes: count * 1024 * 1024 });
const small = mebibytes(256);

const usesUp = (what: string, code: PerLanguage<string>): Row =>
  flow(
    `${what} end the interpreter, and the loss is reported`,
    code,
    async (session, filling) => {
      const result = await session.run(filling);
      expectResult(
        result,
        { error: { name: 'OutOfMemory' }, stderr: /(?:)/, stateLost: true, epoch: 2 },
        session.language,
      );
      expectResult(await session.run('40 + 2'), { value: '42', epoch: 2 }, session.language);
    },
    small,
  );

behaviours('Limits', [
  flow(
    'the text of a value is truncated at 256 KiB',
    {
      python: '"x" * 1_000_000',
      node: '({ [require("util").inspect.custom]: () => "x".repeat(1_000_000) })',
    },
    async (session, code) => {
      const result = await session.run(code);
      expect(result.status).toBe('completed');
      expect(String(mainValue(result)).length).toBeLessThanOrEqual(limits.textBytes);
      expect(String(mainValue(result)).length).toBeGreaterThan(limits.textBytes / 2);
      expect(result.truncated.results).toBe(true);
    },
  ),
  flow(
    'the text of an error is truncated at 256 KiB',
    { python: 'raise ValueError("x" * 1_000_000)', node: 'throw new Error("x".repeat(1_000_000))' },
    async (session, code) => {
      const { error, status } = await session.run(code);
      expect(status).toBe('failed');
      expect(error?.message.length).toBeLessThanOrEqual(limits.textBytes);
      expect(JSON.stringify(error?.traceback).length).toBeLessThanOrEqual(limits.textBytes + 1_024);
    },
  ),
  flow(
    'a picture of nine megabytes becomes its text, which says why',
    {
      python: 'display({"image/png": "A" * 9_000_000, "text/plain": "a picture"}, raw=True)',
      node: 'display({ "image/png": "A".repeat(9_000_000), "text/plain": "a picture" })',
    },
    async (session, code) => {
      const { results, truncated, status } = await session.run(code);
      expect({ results, status, truncated: truncated.results }).toEqual({
        results: [
          { 'text/plain': 'a picture\n[image/png omitted: the bundle is larger than 8 MiB]' },
        ],
        status: 'completed',
        truncated: true,
      });
    },
  ),
  flow(
    'results are kept in their order until ten megabytes are full, and a notice is left of each other one',
    {
      python:
        'for n in range(4): display({"text/html": f"{n}" * 3_000_000, "text/plain": "h"}, raw=True)\ndisplay({"text/plain": "tiny"}, raw=True)',
      node: 'for (let n = 0; n < 4; n++) display({ "text/html": String(n).repeat(3_000_000), "text/plain": "h" })\ndisplay({ "text/plain": "tiny" })',
    },
    async (session, code) => {
      const { results, truncated, status } = await session.run(code);
      expect({ status, truncated: truncated.results }).toEqual({
        status: 'completed',
        truncated: true,
      });
      const shown = results.map((bundle) => String(bundle['text/html'] ?? bundle['text/plain']));
      expect(shown.map((text) => text.slice(0, 4))).toEqual([
        '0000',
        '1111',
        '2222',
        '[res',
        'tiny',
      ]);
      expect(shown[3]).toMatch(
        /^\[result of 30000\d\d bytes omitted: the results of a step may have 10485760 bytes in all\]$/,
      );
    },
  ),
  flow(
    'the value of a step is kept, however large the results before it are',
    {
      python:
        'for n in range(5): display({"text/html": "x" * 3_000_000}, raw=True)\nclass Page:\n    def _repr_html_(self): return "y" * 3_000_000\nPage()',
      node: 'for (let n = 0; n < 5; n++) display({ "text/html": "x".repeat(3_000_000) })\nArray(1_000_000).fill(1)',
    },
    async (session, code) => {
      const { results, truncated } = await session.run(code);
      const value = results.find((bundle) => bundle.is_main_result);
      const content = value?.['text/html'] ?? value?.['application/json'];
      const length = Array.isArray(content) ? content.length * 3 : String(content).length;
      expect({ length, truncated: truncated.results }).toEqual({
        length: 3_000_000,
        truncated: true,
      });
    },
  ),
  flow('code of a megabyte runs', { python: '#', node: '//' }, async (session, comment) => {
    const code = `${comment}${'x'.repeat(limits.codeBytes - 20)}\n40 + 2`;
    expectResult(await session.run(code), { value: '42' }, session.language);
  }),
  flow(
    'code of more than a megabyte is refused',
    { python: '#', node: '//' },
    async (session, comment) => {
      const code = `${comment}${'x'.repeat(limits.codeBytes)}`;
      expect((await session.refusal('POST', '/steps', { step_id: 'too-long', code })).status).toBe(
        413,
      );
    },
  ),
  flow(
    'variables of more than 256 KiB are refused',
    { python: '1', node: '1' },
    async (session, code) => {
      const env = { LONG: 'x'.repeat(limits.envBytes + 1) };
      expect(
        (await session.refusal('POST', '/steps', { step_id: 'too-much', code, env })).status,
      ).toBe(413);
    },
  ),
  flow(
    'an absurd allocation fails the step, and memory is kept',
    {
      python: 'kept = 41\nb = bytearray(10 ** 10)',
      node: 'const kept = 41\nconst b = new ArrayBuffer(Number.MAX_SAFE_INTEGER)',
    },
    async (session, code) => {
      const result = await session.run(code);
      expectResult(result, { error: { name: /^(Memory|Range)Error$/ } }, session.language);
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
    small,
  ),
  usesUp('values that fill the memory', {
    python: 'all = []\nwhile True: all.append([0] * 1000)',
    node: 'const all = []\nwhile (true) all.push(new Array(1000).fill(0.5))',
  }),
  usesUp('buffers that fill the memory', {
    python: 'all = []\nwhile True: all.append(bytearray(b"x" * 1_000_000))',
    node: 'const all = []\nwhile (true) all.push(Buffer.alloc(1_000_000, 1))',
  }),
  steps(
    'children have no limit of address space',
    {
      python: 'import subprocess\nprint(subprocess.getoutput("ulimit -d; ulimit -v"))',
      node: 'console.log(String(child_process.execSync("ulimit -d; ulimit -v")).trim())',
    },
    { stdout: 'unlimited\nunlimited\n' },
    { own: small },
  ),
  steps(
    'a child that reserves four gigabytes of address space runs in a session of 512 MiB',
    {
      python:
        'import subprocess, sys\nsubprocess.run([sys.executable, "-c", "import mmap; mmap.mmap(-1, 1 << 32, flags=mmap.MAP_PRIVATE); print(42)"])\nNone',
      node: 'child_process.execFileSync(process.execPath, ["-e", "new ArrayBuffer(2 ** 32 - 1); console.log(42)"], { stdio: "inherit" })\nundefined',
    },
    { stdout: '42\n' },
    { own: mebibytes(512) },
  ),
  flow(
    'a thousand results are kept in their order',
    {
      python: 'for n in range(1000): display(n)',
      node: 'for (let n = 0; n < 1000; n++) display(n)',
    },
    async (session, code) => {
      const { results } = await session.run(code);
      expect(results.map((bundle) => bundle['text/plain'])).toEqual(
        [...Array(1000).keys()].map(String),
      );
    },
  ),
  flow(
    'a hundred megabytes of output are not all in the response',
    {
      python:
        'line = "x" * 1023 + "\\n"\nimport sys\nfor _ in range(100 * 1024): sys.stdout.write(line)',
      node: 'const line = "x".repeat(1023) + "\\n"\nfor (let n = 0; n < 100 * 1024; n++) process.stdout.write(line); undefined',
    },
    async (session, code) => {
      const { stdout, truncated, status } = await session.run(code);
      expect({ status, cut: truncated.stdout }).toEqual({ status: 'completed', cut: true });
      expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(limits.outputBytesPerStream);
    },
  ),
]);

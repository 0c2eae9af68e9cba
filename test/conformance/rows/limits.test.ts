import { limits } from '@steppe/contracts/limits';
import { expect } from 'vitest';
import { behaviours, flow, notInPods, steps } from '../harness/behaviours.ts';
import { expectResult, mainValue } from '../harness/expectation.ts';

const small = { memoryBytes: 256 * 1024 * 1024 };

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
  steps(
    'memory beyond the soft limit is an error, and memory is kept',
    {
      python: [
        'kept = 41',
        'try:\n    b = bytearray(2_000_000_000)\nexcept MemoryError:\n    print("refused")',
        'kept + 1',
      ],
      node: [
        'const kept = 41',
        'try { Buffer.alloc(16_000_000_000) } catch (e) { console.log(e.name) }',
        'kept + 1',
      ],
    },
    { value: '42' },
    { own: small },
  ),
  notInPods(
    'Node 24 has no limit of data, and an ArrayBuffer that nothing touches uses no memory',
    flow(
      'memory beyond the soft limit fails the step',
      {
        python: 'kept = 41\nb = bytearray(2_000_000_000)',
        node: 'const kept = 41\nconst all = []\nwhile (true) all.push(new ArrayBuffer(64_000_000, {}))',
      },
      async (session, code) => {
        const result = await session.run(code);
        expectResult(result, { error: { name: /^(Memory|Range)Error$/ } }, session.language);
        expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
      },
      small,
    ),
    ['node'],
  ),
  flow(
    'memory that fills gradually ends in an error or a reported loss',
    {
      python: 'all = []\nwhile True: all.append([0] * 1000)',
      node: 'const all = []\nwhile (true) all.push(new Array(1000).fill(0.5))',
    },
    async (session, code) => {
      const { status, error, state_lost: lost } = await session.run(code);
      expect(status).toBe('failed');
      expect(error?.name).toBe(lost ? 'OutOfMemory' : 'MemoryError');
      const after = await session.run('40 + 2');
      expectResult(after, { value: '42', epoch: lost ? 2 : 1 }, session.language);
    },
    small,
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

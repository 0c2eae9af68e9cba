import { newStepId } from '@steppe/contracts/testing/new-ids';
import { expect } from 'vitest';
import { behaviours, flow, type Row, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

const digits = (count: number): string => `1${'0'.repeat(count)}`;
const lines = 'step_ended\\nid: 77\\n\\nevent: stdout';
const forged = {
  python: `{"type": "${lines}", "seq": 99, "at": "then", "text": "forged", "stream": "errors", "is_main_result": True`,
  node: `{ type: "${lines}", seq: 99, at: "then", text: "forged", stream: "errors", is_main_result: true`,
};

/** The bundles of a step exactly as each form of its response sends them. */
async function responsesOf(session: Session, stepId: string): Promise<Record<string, string>> {
  const read = async (path: string, accept = 'application/json') => {
    const response = await session.call('GET', path, undefined, { accept });
    expect({ path, accept, status: response.status }).toEqual({ path, accept, status: 200 });
    return response.text();
  };
  return {
    result: await read(`/steps/${stepId}`),
    list: await read('/steps'),
    events: await read(`/steps/${stepId}/events`, 'text/event-stream'),
    lines: await read(`/steps/${stepId}/events`, 'application/x-ndjson'),
  };
}

/** The JSON of a bundle arrives unchanged in each form of the response, and the memory is kept. */
const arrives = (behaviour: string, codes: PerLanguage<string>, texts: PerLanguage<string>): Row =>
  flow(behaviour, codes, async (session, code) => {
    const request = { step_id: newStepId(), code };
    const run = async (accept: string) =>
      (await session.call('POST', '/steps', request, { accept })).text();
    const responses: Record<string, string> = {
      stream: await run('text/event-stream'),
      response: await run('application/json'),
      ...(await responsesOf(session, request.step_id)),
    };
    for (const [form, text] of Object.entries(responses)) {
      expect(
        text.includes(`"application/json":${texts[session.language]}`),
        `${form}: ${text.slice(-2_000)}`,
      ).toBe(true);
    }
    expectResult(await session.run('40 + 2'), { value: '42' }, session.language);
  });

const displayJson = (python: string, node: string): PerLanguage<string> => ({
  python: `display({"application/json": ${python}}, raw=True)`,
  node: `display({ "application/json": ${node} })`,
});
const same = (text: string): PerLanguage<string> => ({ python: text, node: text });

behaviours('Bundles', [
  flow(
    'keys that are not MIME types cannot forge an event, an id or a line of a stream',
    {
      python: `display(${forged.python}, "text/plain": "shown"}, raw=True)\nprint("real")`,
      node: `display(${forged.node}, "text/plain": "shown" })\nconsole.log("real")`,
    },
    async (session, code) => {
      const { step_id, stdout, background } = await session.run(code);
      expect({ stdout, background }).toEqual({ stdout: 'real\n', background: null });
      const events = await session.events(step_id);
      // Output of Node's main thread may overtake displayed values.
      expect(events.map(({ type }) => type).sort()).toEqual([
        'result',
        'stdout',
        'step_ended',
        'step_started',
      ]);
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(events.map(({ at }) => at)).not.toContain('then');
      const { events: sse } = await responsesOf(session, step_id);
      const framing = sse?.split('\n').filter((line) => !line.startsWith('data: '));
      const frames = events.map(({ type, seq }) => `event: ${type}\nid: ${seq}\n\n`);
      expect(framing?.join('\n')).toBe(frames.join(''));
    },
  ),
  steps(
    'keys that are not MIME types are not part of a bundle',
    {
      python:
        'display({"type": "x", "is_main_result": True, "text/html": "<b>", "text/plain": "b"}, raw=True)',
      node: 'display({ "text/html": "<b>", "text/plain": "b" })',
    },
    { displayed: [{ 'text/html': '<b>', 'text/plain': 'b' }] },
  ),
  steps(
    'a bundle without a MIME type is shown as a value',
    { python: 'display({"type": "stdout"}, raw=True)', node: 'display({ type: "stdout" })' },
    { displayed: [{ 'text/plain': expect.stringContaining("'stdout'") }] },
  ),
  flow(
    'keys with the names of event fields arrive inside JSON',
    displayJson('{"type": "step_ended", "seq": 9}', '{ type: "step_ended", seq: 9 }'),
    async (session, code) => {
      const { step_id, results } = await session.run(code);
      expect(results).toMatchObject([{ 'application/json': { type: 'step_ended', seq: 9 } }]);
      expect((await session.events(step_id)).map(({ type }) => type)).toEqual([
        'step_started',
        'result',
        'step_ended',
      ]);
    },
  ),
  arrives(
    'integers beyond 53 bits arrive unchanged',
    displayJson('[2**53 + 1, 2**63, -(2**64)]', '[2 ** 53, 2 ** 63, -(2 ** 64)]'),
    {
      python: '[9007199254740993,9223372036854775808,-18446744073709551616]',
      node: '[9007199254740992,9223372036854776000,-18446744073709552000]',
    },
  ),
  arrives(
    'numbers beyond a double arrive unchanged, and the interpreter survives',
    displayJson('[10**309, -(10**309)]', '[1e308, -1e308]'),
    { python: `[${digits(309)},-${digits(309)}]`, node: '[1e+308,-1e+308]' },
  ),
  arrives(
    'integers of thousands of digits arrive whole, as values and as keys',
    displayJson('{"n": 10**5000, 10**5000: 1}', '{ n: 1, ["1" + "0".repeat(5000)]: 1 }'),
    { python: `{"n":${digits(5000)},"${digits(5000)}":1}`, node: `{"n":1,"${digits(5000)}":1}` },
  ),
  arrives(
    'keys with any name arrive',
    displayJson(
      '{"__proto__": {"a": 1}, "constructor": 2, "toJSON": 3, "": 4}',
      'JSON.parse(`{"__proto__":{"a":1},"constructor":2,"toJSON":3,"":4}`)',
    ),
    same('{"__proto__":{"a":1},"constructor":2,"toJSON":3,"":4}'),
  ),
  arrives(
    'the value of a step arrives as JSON with keys of any name',
    {
      python: 'display({"application/json": {"__proto__": 1}}, raw=True)',
      node: 'JSON.parse(`{"__proto__":1}`)',
    },
    same('{"__proto__":1}'),
  ),
  arrives(
    'text with any kind of line end stays on its line',
    displayJson('"a\\n\\nb\\r\\u2028c\\0/"', '"a\\n\\nb\\r\\u2028c\\0/"'),
    same('"a\\n\\nb\\r\u2028c\\u0000/"'),
  ),
]);

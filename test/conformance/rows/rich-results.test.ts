import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>';
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const from = 'from IPython.display import display, HTML, Markdown, JSON, SVG, Image\n';

behaviours('Rich results', [
  steps(
    'display shows a value besides the result',
    { python: 'display("shown")\n42', node: 'display("shown")\n42' },
    { displayed: [{ 'text/plain': "'shown'" }], value: '42' },
  ),
  steps(
    'values are displayed in their order',
    { python: 'for n in range(3): display(n)', node: 'for (let n = 0; n < 3; n++) display(n)' },
    { displayed: [{ 'text/plain': '0' }, { 'text/plain': '1' }, { 'text/plain': '2' }] },
  ),
  steps(
    'a bundle is displayed with each of its types',
    {
      python: 'display({"text/html": "<b>x</b>", "text/plain": "x"}, raw=True)',
      node: 'display({ "text/html": "<b>x</b>", "text/plain": "x" })',
    },
    { displayed: [{ 'text/html': '<b>x</b>', 'text/plain': 'x' }] },
  ),
  steps(
    'HTML is displayed',
    { python: `${from}display(HTML("<b>x</b>"))`, node: 'display.html("<b>x</b>")' },
    { displayed: [{ 'text/html': '<b>x</b>' }] },
  ),
  steps(
    'Markdown is displayed',
    { python: `${from}display(Markdown("**x**"))`, node: 'display.markdown("**x**")' },
    { displayed: [{ 'text/markdown': '**x**' }] },
  ),
  steps(
    'JSON is displayed as data',
    {
      python: `${from}display(JSON({"a": [1, None, True]}))`,
      node: 'display.json({ a: [1, null, true] })',
    },
    { displayed: [{ 'application/json': { a: [1, null, true] } }] },
  ),
  steps(
    'SVG is displayed as text',
    { python: `${from}display(SVG(data='${svg}'))`, node: `display.svg('${svg}')` },
    { displayed: [{ 'image/svg+xml': expect.stringMatching(/^<svg [^>]*width="1"/) }] },
  ),
  steps(
    'the bytes of a picture are displayed in base64',
    {
      python: `${from}import base64\ndisplay(Image(data=base64.b64decode("${png}"), format="png"))`,
      node: `display.png(Buffer.from("${png}", "base64"))`,
    },
    { displayed: [{ 'image/png': png }] },
  ),
  steps(
    'bytes in a bundle are base64',
    {
      python: 'display({"application/pdf": b"%PDF-1.7"}, raw=True)',
      node: 'display({ "application/pdf": new Uint8Array(Buffer.from("%PDF-1.7")) })',
    },
    { displayed: [{ 'application/pdf': 'JVBERi0xLjc=' }] },
  ),
  steps(
    'JSON in a bundle is data',
    {
      python: 'display({"application/json": {"a": 1}}, raw=True)',
      node: 'display({ "application/json": { a: 1 } })',
    },
    { displayed: [{ 'application/json': { a: 1 } }] },
  ),
  steps(
    'a vendor’s MIME type is passed on',
    {
      python: 'display({"application/vnd.acme.v1+json": {"a": 1}}, raw=True)',
      node: 'display({ "application/vnd.acme.v1+json": { a: 1 } })',
    },
    { displayed: [{ 'application/vnd.acme.v1+json': { a: 1 } }] },
  ),
  steps(
    'display works in a function of an earlier step',
    {
      python: ['def show(n): display(n)', 'show(7)'],
      node: ['function show(n) { display(n) }', 'show(7)'],
    },
    { displayed: [{ 'text/plain': '7' }] },
  ),
  steps(
    'display works after an await',
    {
      python: 'import asyncio\nawait asyncio.sleep(0)\ndisplay(7)',
      node: 'await null\ndisplay(7)',
    },
    { displayed: [{ 'text/plain': '7' }] },
  ),
  steps(
    'values displayed before an error are kept',
    { python: 'display(7)\nraise ValueError("x")', node: 'display(7)\nthrow new Error("x")' },
    { displayed: [{ 'text/plain': '7' }], error: { name: /Error$/ } },
  ),
  steps(
    'values displayed before a time limit are kept',
    { python: 'display(7)\nwhile True: pass', node: 'display(7)\nwhile (true) {}' },
    { status: 'timed_out', displayed: [{ 'text/plain': '7' }], error: { name: 'StepTimedOut' } },
    { request: { timeout_ms: 150 } },
  ),
  steps(
    'display itself has no value',
    { python: 'display(7)', node: 'display(7)' },
    { displayed: [{ 'text/plain': '7' }] },
  ),
  flow(
    'results are events of the stream, the main one last',
    { python: 'display(1)\n2', node: 'display(1)\n2' },
    async (session, code) => {
      const events = await session.events((await session.run(code)).step_id);
      expect(events.map(({ type }) => type)).toEqual([
        'step_started',
        'result',
        'result',
        'step_ended',
      ]);
      expect(events[2]).toMatchObject({ 'text/plain': '2', is_main_result: true });
    },
  ),
  flow(
    'a result arrives before the step ends',
    {
      python:
        'import os, time\ndisplay(1)\nwhile not os.path.exists("shown-go"): time.sleep(0.005)',
      node: 'display(1)\nwhile (!fs.existsSync("shown-go")) await new Promise((done) => setTimeout(done, 5))',
    },
    async (session, code) => {
      const types: string[] = [];
      for await (const { type } of session.stream(code)) {
        types.push(type);
        if (type === 'result') await session.put('shown-go', '');
      }
      expect(types).toEqual(['step_started', 'result', 'step_ended']);
    },
  ),
  flow(
    'data that cannot be JSON does not end the session',
    {
      python: 'display({"application/json": object()}, raw=True)',
      node: 'display({ "application/json": () => 1 })',
    },
    async (session, code) => {
      expect((await session.run(code)).state_lost).toBe(false);
      expectResult(await session.run('40 + 2'), { value: '42' }, session.language);
    },
  ),
  steps(
    'a redefined display works again when it is restored',
    {
      python: ['display = 5', 'del display', 'display(7)'],
      node: [
        'const shown = display; globalThis.display = 5; undefined',
        'globalThis.display = shown; undefined',
        'display(7)',
      ],
    },
    { displayed: [{ 'text/plain': '7' }] },
  ),
]);

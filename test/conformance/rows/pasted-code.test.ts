import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';

const same = <Part>(part: Part) => ({ python: part, node: part });
/** As JSON writes it; a backslash in front of it belongs to text that shows an escape. */
const loneSurrogate = /(?<!\\)\\ud[89a-f]/i;

behaviours('Pasted code and broken text', [
  steps('a byte order mark in front of code is skipped', same('\ufeff40 + 2'), { value: '42' }),
  steps(
    'prompts that were pasted are taken off',
    {
      python: '>>> total = 1\n>>> for n in range(3):\n...     total += n\n...\n>>> total',
      node: '> let total = 1\n> for (let n = 0; n < 3; n++) {\n...   total += n\n... }\n> total',
    },
    { value: '4' },
  ),
  steps(
    'code in a Markdown fence fails with advice',
    { python: '```python\nprint(1)\n```', node: '```js\nconsole.log(1)\n```' },
    { error: { name: 'SyntaxError', message: /Markdown fence: send only the lines inside/ } },
  ),
  flow(
    'lone surrogates reach nobody, wherever they are',
    {
      python:
        'print("\\udc80 out")\ndisplay({"text/html": "a\\ud800", "application/json": {"\\udc80": "\\udc80"}}, raw=True)\nraise ValueError("c\\ud800")',
      node: 'console.log("\\udc80 out")\ndisplay({ "text/html": "a\\ud800", "application/json": { "\\udc80": "\\udc80" } })\nthrow Object.assign(new Error("c\\ud800"), { name: "N\\udc80" })',
    },
    async (session, code) => {
      const result = await session.run(code);
      expect(JSON.stringify(result)).not.toMatch(loneSurrogate);
      expect(result).toMatchObject({
        stdout: expect.stringMatching(/ out\n$/),
        results: [{ 'text/html': 'a\ufffd', 'application/json': { '\ufffd': '\ufffd' } }],
        // A class of Python cannot have such a name.
        error: {
          name: expect.stringMatching(/^(?:N\ufffd|ValueError)$/),
          message: 'c\ufffd',
        },
      });
    },
  ),
]);

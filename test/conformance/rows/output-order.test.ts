import { expect } from 'vitest';
import { behaviours, flow } from '../harness/behaviours.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

/** A line that is written to a stream, or a value that is shown. */
type Action = ['stdout' | 'stderr' | 'result', string];

/** What the events say, in their order: pieces of the same stream are one. */
async function orderOf(session: Session, code: string): Promise<string[]> {
  const { step_id: id } = await session.run(code);
  const seen: { type: string; text: string }[] = [];
  for (const event of await session.events(id)) {
    const last = seen.at(-1);
    if (event.type === 'stdout' || event.type === 'stderr') {
      if (last?.type === event.type) last.text += event.text;
      else seen.push({ type: event.type, text: event.text });
    } else if (event.type === 'result') {
      seen.push({ type: 'result', text: String(event['text/plain']) });
    } else if (event.type === 'error' || event.type === 'background_error') {
      seen.push({ type: event.type, text: event.name });
    }
  }
  return seen.map(({ type, text }) => `${type} ${text}`);
}

const byTurns = (count: number, actions: (n: number) => string[]): string[] =>
  Array.from({ length: count }, (_, n) => actions(n)).flat();

/** Actions that a fixed sequence of pseudo-random numbers picks. */
function randomActions(count: number): Action[] {
  const types = ['stdout', 'stderr', 'result'] as const;
  let state = 12_345;
  return Array.from({ length: count }, (_, n) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return [types[Math.floor(state / 65_536) % 3] ?? 'stdout', `${n}`];
  });
}

function mergedOrder(actions: readonly Action[]): string[] {
  const merged: string[] = [];
  let last = '';
  for (const [type, text] of actions) {
    if (type === 'result') merged.push(`result ${text}`);
    else if (type === last) merged.push(`${merged.pop()}${text}\n`);
    else merged.push(`${type} ${text}\n`);
    last = type;
  }
  return merged;
}

const perform: PerLanguage<(actions: readonly Action[]) => string> = {
  python: (actions) =>
    `import sys\nfor kind, text in ${JSON.stringify(actions)}:\n    if kind == "result": display(int(text))\n    else: print(text, file=getattr(sys, kind))`,
  node: (actions) =>
    `for (const [kind, text] of ${JSON.stringify(actions)})\n  if (kind === "result") display(Number(text)); else process[kind].write(text + "\\n");\nundefined`,
};

behaviours('Order of output', [
  flow(
    'prints and displays by turns keep their order',
    {
      python: 'for i in range(50):\n    print(i)\n    display(i)',
      node: 'for (let i = 0; i < 50; i++) { console.log(i); display(i) }',
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual(
        byTurns(50, (n) => [`stdout ${n}\n`, `result ${n}`]),
      ),
  ),
  flow(
    'prints to both streams by turns keep their order',
    {
      python: 'import sys\nfor i in range(50):\n    print(i)\n    print(i, file=sys.stderr)',
      node: 'for (let i = 0; i < 50; i++) { console.log(i); console.error(i) }',
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual(
        byTurns(50, (n) => [`stdout ${n}\n`, `stderr ${n}\n`]),
      ),
  ),
  flow(
    'hundreds of prints and displays in any order keep it',
    {
      python: perform.python(randomActions(600)),
      node: perform.node(randomActions(600)),
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual(mergedOrder(randomActions(600))),
  ),
  flow(
    'the value of the last expression comes after what was printed and shown before',
    {
      python: 'import sys\nprint(1)\ndisplay(2)\nprint(3, file=sys.stderr)\n4',
      node: 'console.log(1); display(2); console.error(3); 4',
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual([
        'stdout 1\n',
        'result 2',
        'stderr 3\n',
        'result 4',
      ]),
  ),
  flow(
    'the output of a command comes before what is shown after it',
    {
      python:
        'import subprocess\nfor i in range(9):\n    display(i)\n    _ = subprocess.run(["echo", str(i)])',
      node: 'for (let i = 0; i < 9; i++) { display(i); child_process.execSync("echo " + i, { stdio: "inherit" }) }\nundefined',
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual(
        byTurns(9, (n) => [`result ${n}`, `stdout ${n}\n`]),
      ),
  ),
  flow(
    'an error comes after everything that was printed and shown before it',
    {
      python: 'import sys\ndisplay(1)\nprint(2, file=sys.stderr)\nprint(3)\nraise ValueError("4")',
      node: 'display(1); console.error(2); console.log(3); throw new RangeError("4")',
    },
    async (session, code) =>
      expect((await orderOf(session, code)).map((line) => line.replace('Value', 'Range'))).toEqual([
        'result 1',
        'stderr 2\n',
        'stdout 3\n',
        'error RangeError',
      ]),
  ),
  flow(
    'an error that ends no step has its place in the output of the step',
    {
      python:
        'import asyncio\nasync def fails(): raise LookupError\nfor i in range(5):\n    print(i)\n    asyncio.create_task(fails())\n    await asyncio.sleep(0.001)\n    await asyncio.sleep(0.001)',
      node: 'for (let i = 0; i < 5; i++) { console.log(i); setTimeout(() => { throw new RangeError("lookup") }, 1); await new Promise((done) => setTimeout(done, 10)) }',
    },
    async (session, code) =>
      expect((await orderOf(session, code)).map((line) => line.replace('Lookup', 'Range'))).toEqual(
        byTurns(5, (n) => [`stdout ${n}\n`, 'background_error RangeError']),
      ),
  ),
  flow(
    'a megabyte that is printed comes before the value that is shown next',
    {
      python: 'for i in range(4):\n    print(str(i) * 1_000_000)\n    display(i)',
      node: 'for (let i = 0; i < 4; i++) { console.log(String(i).repeat(1_000_000)); display(i) }',
    },
    async (session, code) =>
      expect(await orderOf(session, code)).toEqual(
        byTurns(4, (n) => [`stdout ${`${n}`.repeat(1_000_000)}\n`, `result ${n}`]),
      ),
  ),
  flow(
    'a value is shown while the step runs, after what was printed before it',
    {
      python:
        'import os, time\nprint("before")\ndisplay(1)\nwhile not os.path.exists("shown"): time.sleep(0.005)\nos.remove("shown")',
      node: 'console.log("before"); display(1)\nwhile (!fs.existsSync("shown")) await new Promise((done) => setTimeout(done, 5))\nfs.unlinkSync("shown")',
    },
    async (session, code) => {
      const types: string[] = [];
      for await (const event of session.stream(code)) {
        types.push(event.type);
        if (event.type === 'result') await session.put('shown', '');
      }
      expect(types).toEqual(['step_started', 'stdout', 'result', 'step_ended']);
    },
  ),
]);

import type { Language } from '@steppe/contracts/session';
import { node, python } from '../../support/api/languages.ts';

/**
 * `long` writes for about a second, `endless` until it is interrupted; `greedy` allocates until the
 * kernel ends its process.
 */
export type StepShape = 'short' | 'chatty' | 'long' | 'endless' | 'greedy';

const rounds: Record<StepShape, { count: number; pauseMs: number; text: string }> = {
  short: { count: 0, pauseMs: 0, text: '' },
  chatty: { count: 20, pauseMs: 2, text: 'x'.repeat(400) },
  long: { count: 20, pauseMs: 20, text: 'still here' },
  endless: { count: 10_000, pauseMs: 10, text: 'still here' },
  greedy: { count: 0, pauseMs: 0, text: '' },
};

const saidBy = (stepId: string): string => `said by ${stepId}`;

/** What the step prints when it completes. */
export function outputOf(shape: StepShape, stepId: string): string {
  const { count, text } = rounds[shape];
  return `${saidBy(stepId)}\n${`${text}\n`.repeat(count)}`;
}

/**
 * A step that first records outside its session that it runs, where, and with whose memory, and
 * then prints its output.
 */
export function writeStep(
  language: Language,
  shape: StepShape,
  session: string,
  stepId: string,
): string {
  const { count, pauseMs, text } = rounds[shape];
  const [id, wanted, said, line] = [stepId, session, saidBy(stepId), text].map((one) =>
    JSON.stringify(one),
  );
  if (language === 'python') {
    return `import json, os, time
mark = globals().get("mark") or os.urandom(8).hex()
with open(os.environ["CHAOS_RUNS"], "a") as runs:
    runs.write(json.dumps({"stepId": ${id}, "wanted": ${wanted}, "actual": os.environ["CHAOS_SESSION"], "mark": mark}) + "\\n")
print(${said}, flush=True)
${shape === 'greedy' ? python.exhaustMemory : ''}
for _ in range(${count}):
    print(${line}, flush=True)
    time.sleep(${pauseMs / 1000})
`;
  }
  return `globalThis.mark ??= crypto.randomUUID();
require("fs").appendFileSync(process.env.CHAOS_RUNS, JSON.stringify({ stepId: ${id}, wanted: ${wanted}, actual: process.env.CHAOS_SESSION, mark }) + "\\n");
console.log(${said});
${shape === 'greedy' ? node.exhaustMemory : ''}
for (let i = 0; i < ${count}; i++) {
  console.log(${line});
  await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
}`;
}

/** The variables that the interpreter gets when its session is created. */
export const sessionEnv = (session: string, runsFile: string) => ({
  CHAOS_SESSION: session,
  CHAOS_RUNS: runsFile,
});

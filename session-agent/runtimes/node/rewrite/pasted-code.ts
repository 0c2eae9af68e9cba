import { createSyntaxError } from './syntax-error.ts';

const byteOrderMark = '\ufeff';
const prompt = /^[ \t]*> /;
const anyPrompt = /^[ \t]*(?:>|\.\.\.|\|)(?: |$)/;

/**
 * Removes what a paste can bring along: a byte order mark and, if the first line begins with the
 * prompt of the Node REPL, the prompts of all lines. No JavaScript begins with `>`.
 */
export function withoutPrompts(given: string): string {
  const code = given.startsWith(byteOrderMark) ? given.slice(1) : given;
  const first = code.search(/\S/);
  if (first < 0 || code[first] !== '>') return code;
  const lines = code.split('\n');
  if (!prompt.test(lines.find((line) => line.trim() !== '') ?? '')) return code;
  return lines.map((line) => line.replace(anyPrompt, '')).join('\n');
}

const beginsFence = /^[ \t]*(?:```|~~~[\w-]*[ \t]*\r?\n[\s\S]*\n[ \t]*~~~)/;
const advice = 'send only the lines inside ``` and ```';

/**
 * JavaScript reads the first lines of a fence as template strings.
 * @throws StepSyntaxError
 */
export function refuseFence(code: string, filename: string): void {
  const pos = code.search(/\S/);
  if ((code[pos] !== '`' && code[pos] !== '~') || !beginsFence.test(code.slice(pos))) return;
  const message = `The code is in a Markdown fence: ${advice}`;
  throw createSyntaxError(code, filename, { cause: { pos }, message });
}

/** For code that cannot be read and has a fence in it. */
export const fenceHint = (code: string): string | undefined =>
  /^[ \t]*```/m.test(code) ? `The code has a Markdown fence in it: ${advice}` : undefined;

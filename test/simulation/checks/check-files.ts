import { groupBy } from '../../support/group-by.ts';
import type { FileCall } from '../history/file-call.ts';
import type { History } from '../history/history.ts';
import type { Violation } from '../history/rules.ts';

/**
 * Each path of a session is one register: there is an order of all calls, true to the times at
 * which they began and ended, in which every read has the content of the write before it. Each
 * content is written once.
 */
export function checkFiles({ files, uploads }: Pick<History, 'files' | 'uploads'>): Violation[] {
  const registers = groupBy(files, ({ sessionId, path }) => `${path} of ${sessionId}`);
  const disordered = [...registers].filter(([, calls]) => !hasOrder(calls));
  const contents = groupBy(uploads, ({ content }) => content);
  const repeated = [...contents.values()].filter(({ length }) => length > 1);
  return [
    ...disordered.map(([name, calls]): Violation => {
      return { rule: 'file-register', what: `${name} has no order of ${describe(calls)}` };
    }),
    ...repeated.map(([upload]): Violation => {
      return { rule: 'file-register', what: `${upload?.path} was written twice by one upload` };
    }),
  ];
}

/** The search of Wing and Gong, which remembers the states that lead nowhere. */
function hasOrder(calls: readonly FileCall[]): boolean {
  const sorted = calls.toSorted((a, b) => a.beganAtMs - b.beganAtMs);
  const visited = new Set<string>();
  const search = (left: readonly FileCall[], content: string | null): boolean => {
    const known = left.filter(({ outcome }) => outcome !== 'unknown');
    if (known.length === 0) return true;
    const state = `${left.map((call) => sorted.indexOf(call)).join(' ')} ${content}`;
    if (visited.has(state)) return false;
    visited.add(state);
    const firstEndMs = Math.min(...known.map(({ endedAtMs }) => endedAtMs));
    return left.some((call) => {
      // What begins at the moment of another's end follows it: one client makes both.
      if (call.beganAtMs >= firstEndMs || !isPossible(call, content)) return false;
      const rest = left.filter((other) => other !== call);
      return search(rest, contentAfter(call, content));
    });
  };
  return search(sorted, null);
}

function isPossible({ kind, content, expected, outcome }: FileCall, current: string | null) {
  if (kind === 'read') return content === current;
  if (kind === 'write' || outcome === 'unknown') return true;
  return (expected === current) === (outcome === 'done');
}

function contentAfter(call: FileCall, current: string | null): string | null {
  const isWritten = call.kind === 'write' || (call.kind === 'compare' && call.expected === current);
  return isWritten && call.outcome !== 'refused' ? call.content : current;
}

const describe = (calls: readonly FileCall[]): string =>
  calls
    .map(
      ({ kind, content, outcome, beganAtMs, endedAtMs }) =>
        `${kind} ${content?.slice(0, 40) ?? 'nothing'} ${outcome} ${beganAtMs}–${endedAtMs}`,
    )
    .join('; ');

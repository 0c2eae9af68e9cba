import type { Fact, History } from '../history/history.ts';
import type { Violation } from '../history/rules.ts';

/** Faults and accidents of all: they are told while something happens to the ids of the story. */
const narrators: ReadonlySet<string> = new Set([
  'table',
  'cluster',
  'network',
  'process',
  'runtime',
  'world',
]);
const id = /\b(?:ses|stp|ins)_\w+/g;
const longestStory = 150;
/** What happened shortly before may be why it happened. */
const prologueMs = 2_000;

/**
 * What happened, to whom and when, as far as it has to do with the violations: the facts that name
 * a session, step or instance of theirs, and the faults in that time.
 */
export function tellStory(
  { facts, runs, terminalRows }: Pick<History, 'facts' | 'runs' | 'terminalRows'>,
  violations: readonly Violation[],
): string[] {
  const names = new Set(violations.flatMap(({ what }) => what.match(id) ?? []));
  for (const { session_id, instance_id } of terminalRows)
    if (instance_id && names.has(session_id)) names.add(instance_id);
  for (const { stepId, instanceId } of runs) if (names.has(stepId)) names.add(instanceId);
  const rules = new Set<string>(violations.map(({ rule }) => rule));
  const isNamed = ({ who, what }: Fact): boolean =>
    rules.has(who) || (`${who} ${what}`.match(id) ?? []).some((name) => names.has(name));
  const own = facts.filter(isNamed);
  const fromMs = (own[0]?.atMs ?? 0) - prologueMs;
  const toMs = own.at(-1)?.atMs ?? 0;
  const isFault = ({ who, atMs }: Fact) => narrators.has(who) && atMs >= fromMs && atMs <= toMs;
  const told = facts.filter((fact) => isFault(fact) || isNamed(fact));
  const lines = mergeRepeats(told).map(
    ([{ atMs, who, what }, count]) =>
      `${seconds(atMs)}  ${who}: ${what}${count > 1 ? ` (${count} times)` : ''}`,
  );
  const left = lines.length - longestStory;
  return left <= 0 ? lines : [`(${left} earlier facts left out)`, ...lines.slice(left)];
}

/** The first of several facts that say the same one after the other, and how many they are. */
function mergeRepeats(facts: readonly Fact[]): [Fact, number][] {
  const merged: [Fact, number][] = [];
  for (const fact of facts) {
    const last = merged.at(-1);
    if (last && last[0].who === fact.who && last[0].what === fact.what) last[1] += 1;
    else merged.push([fact, 1]);
  }
  return merged;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3).padStart(9);

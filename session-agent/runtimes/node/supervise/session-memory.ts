import { readdirSync, readFileSync } from 'node:fs';

/**
 * The memory that a process and its descendants use, where no container counts it. Pages that a
 * process shares with the one that forked it count once for each, which is cheap to read; a sum of
 * at least `exactFrom` is replaced by the exact one.
 */
export function sessionMemoryBytes(pid: number, exactFrom: number): number {
  const pids = withDescendants(pid);
  const used = sumOf(pids, residentBytes);
  return used < exactFrom ? used : sumOf(pids, proportionalBytes);
}

function withDescendants(root: number): number[] {
  const found = [root];
  for (const pid of found) found.push(...childrenOf(pid));
  return found;
}

/** Each thread has children of its own. */
function childrenOf(pid: number): number[] {
  return namesIn(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

const residentBytes = (pid: number): number =>
  sumOfFields(read(`/proc/${pid}/status`), ['RssAnon', 'RssShmem']);

/** Divides shared pages among those that share them. Older kernels do not tell files apart. */
function proportionalBytes(pid: number): number {
  const text = read(`/proc/${pid}/smaps_rollup`);
  return text.includes('Pss_Anon:')
    ? sumOfFields(text, ['Pss_Anon', 'Pss_Shmem'])
    : residentBytes(pid);
}

const sumOfFields = (text: string, keys: readonly string[]): number =>
  sumOf(keys, (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)) *
  1024;

const sumOf = <Item>(items: readonly Item[], size: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + size(item), 0);

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Empty if the process has exited. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

import type { Pod } from './kube-objects.ts';

export type PodChange =
  | { type: 'added'; pod: Pod }
  | { type: 'modified'; pod: Pod; previous: Pod }
  /**
   * `pod` is its last state. `vanished`: it was deleted while nobody watched, so that this is the
   * last state that was seen, and not the last that it had.
   */
  | { type: 'deleted'; pod: Pod; vanished: boolean };

/** The group that a pod is counted in; null for none. */
export type GroupOf = (pod: Pod) => string | null;

export interface PodCache {
  readonly size: number;
  get(name: string): Pod | undefined;
  all(): IterableIterator<Pod>;
  /** The pods of a group by name, those that have been in it longest first. */
  group(key: string): ReadonlyMap<string, Pod>;
  /** Takes the state of a pod, unless a later one is known. */
  put(pod: Pod): void;
  /** @param vanished whether the deletion was inferred from a list. */
  remove(pod: Pod, vanished: boolean): void;
  /** Takes a complete list. A pod that is not in it, and did not change after it, is deleted. */
  replaceAll(pods: readonly Pod[], resourceVersion: string): void;
}

const none: ReadonlyMap<string, Pod> = new Map();

/** @param emit is called after the change is in the cache. */
export function createPodCache(groupOf: GroupOf, emit: (change: PodChange) => void): PodCache {
  const byName = new Map<string, Pod>();
  const groups = new Map<string, Map<string, Pod>>();

  const leave = (pod: Pod) => {
    const key = groupOf(pod);
    const group = key === null ? undefined : groups.get(key);
    group?.delete(pod.metadata.name);
    if (key !== null && group?.size === 0) groups.delete(key);
  };

  const enter = (pod: Pod, previous?: Pod) => {
    byName.set(pod.metadata.name, pod);
    const key = groupOf(pod);
    // A pod keeps its place in a group that it stays in: `set` of a present name does not move it.
    if (previous && groupOf(previous) !== key) leave(previous);
    if (key === null) return;
    const group = groups.get(key) ?? new Map<string, Pod>();
    groups.set(key, group.set(pod.metadata.name, pod));
  };

  const drop = (pod: Pod, vanished: boolean) => {
    const known = byName.get(pod.metadata.name);
    if (known?.metadata.uid !== pod.metadata.uid) return;
    byName.delete(pod.metadata.name);
    leave(known);
    emit({ type: 'deleted', pod, vanished });
  };

  const put = (pod: Pod) => {
    const known = byName.get(pod.metadata.name);
    if (known && !isLater(pod.metadata.resourceVersion, known.metadata.resourceVersion)) return;
    if (known && known.metadata.uid === pod.metadata.uid) {
      enter(pod, known);
      return emit({ type: 'modified', pod, previous: known });
    }
    if (known) drop(known, true);
    enter(pod);
    emit({ type: 'added', pod });
  };

  return {
    get size() {
      return byName.size;
    },
    get: (name) => byName.get(name),
    all: () => byName.values(),
    group: (key) => groups.get(key) ?? none,
    put,
    remove: drop,
    replaceAll(pods, resourceVersion) {
      const listed = new Set(pods.map(({ metadata }) => metadata.name));
      for (const pod of [...byName.values()]) {
        const { name, resourceVersion: known } = pod.metadata;
        if (!listed.has(name) && !isLater(known, resourceVersion)) drop(pod, true);
      }
      for (const pod of pods) put(pod);
    },
  };
}

/**
 * Resource versions are decimal numbers that grow with every write; Kubernetes promises it since
 * 1.35, and etcd's revisions have always been so. Where they are not, any other version is later.
 */
export function isLater(version: string, than: string): boolean {
  if (!isDecimal(version) || !isDecimal(than)) return version !== than;
  if (version.length !== than.length) return version.length > than.length;
  return version > than;
}

const isDecimal = (text: string): boolean => /^(0|[1-9][0-9]*)$/.test(text);

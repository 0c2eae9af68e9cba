import type { Pod } from '@steppe/control-plane/provisioner/kubernetes/api/kube-objects';

export type Kind = 'Pod' | 'Service' | 'Event';

/** An object in Kubernetes' own shape. It is never changed, but replaced. */
export interface KubeObject {
  readonly kind: Kind;
  readonly metadata: Pod['metadata'];
  readonly spec: PodSpec;
  readonly status?: Pod['status'];
}

/** What the model reads of a spec; the rest is kept as it was sent. */
interface PodSpec {
  nodeName?: string;
  activeDeadlineSeconds?: number;
  terminationGracePeriodSeconds?: number;
  nodeSelector?: Record<string, string>;
  restartPolicy?: string;
  selector?: Record<string, string>;
  clusterIP?: string;
  containers?: { name: string; env?: { name: string; value?: string }[] }[];
}

/** One write. What was created has no `before`, and what was deleted no `after`. */
export interface Change {
  readonly version: number;
  readonly before: KubeObject | null;
  readonly after: KubeObject | null;
}

/** So many changes can be watched from, and continued from. */
const historyLength = 400;

/** The objects of one namespace with a common version and the history of the last changes. */
export class ClusterState {
  #version = 1_000;
  #oldestVersion = 1_000;
  readonly #objects = new Map<string, KubeObject>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  get version(): number {
    return this.#version;
  }

  /** A watch or a page from before it is `410 Gone`. */
  get oldestVersion(): number {
    return this.#oldestVersion;
  }

  get(kind: Kind, name: string): KubeObject | null {
    return this.#objects.get(`${kind}/${name}`) ?? null;
  }

  /** In the order of their names, as of now or of an earlier version. */
  list(kind: Kind, version = this.#version): KubeObject[] {
    const objects = version === this.#version ? this.#objects : this.#objectsOf(version);
    return [...objects.values()].filter((object) => object.kind === kind).sort(byName);
  }

  changesSince(version: number): Change[] {
    return this.#history.filter((change) => change.version > version);
  }

  put(object: KubeObject): KubeObject {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const after = { ...object, metadata };
    const before = this.#objects.get(keyOf(object)) ?? null;
    this.#objects.set(keyOf(object), after);
    this.#record({ version: this.#version, before, after });
    return after;
  }

  remove(before: KubeObject): void {
    this.#version += 1;
    this.#objects.delete(keyOf(before));
    this.#record({ version: this.#version, before, after: null });
  }

  /** As etcd's compaction, and the restart of an API server. */
  forget(): void {
    this.#history = [];
    this.#oldestVersion = this.#version;
  }

  /** Called with each change before `put` or `remove` returns. @returns what ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #objectsOf(version: number): Map<string, KubeObject> {
    const objects = new Map(this.#objects);
    for (const { before, after } of this.changesSince(version).reverse()) {
      if (after) objects.delete(keyOf(after));
      if (before) objects.set(keyOf(before), before);
    }
    return objects;
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > historyLength)
      this.#oldestVersion = this.#history.shift()?.version ?? this.#version;
    for (const listener of [...this.#listeners]) listener(change);
  }
}

export const matches = (
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean => Object.entries(wanted).every(([name, value]) => labels[name] === value);

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.name}`;

const byName = (a: KubeObject, b: KubeObject): number =>
  a.metadata.name < b.metadata.name ? -1 : 1;

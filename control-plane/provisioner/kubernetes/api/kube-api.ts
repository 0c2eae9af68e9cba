import type {
  EventManifest,
  EventPatch,
  PodManifest,
  PodPatch,
  ServiceManifest,
} from './kube-manifests.ts';
import type { Pod, Service } from './kube-objects.ts';

/**
 * Every call ends within the time limit of the adapter. It throws `KubeApiError`, or the reason of
 * `signal` if the signal was aborted. A write that was aborted, or for which `isAmbiguousWrite` is
 * true, may have been executed, or may still be.
 */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** A part of a list. */
export interface ListQuery extends CallOptions {
  /** Labels that the objects must all have, with these values. */
  labels?: Readonly<Record<string, string>> | undefined;
  /**
   * `consistent`: a quorum read, which sees every write that was acknowledged before. `cached`: from
   * the API server's cache, which costs etcd nothing and may be some seconds old; it may be older
   * than an earlier response of another API server.
   */
  read: 'consistent' | 'cached';
  /** Objects per page; the server may return more for a `cached` read. */
  limit?: number | undefined;
  /** `nextPage` of the previous page: continues the same list, as of the same moment. */
  page?: string | undefined;
}

export interface ListPage<T> {
  items: T[];
  /** Where a watch starts that misses nothing after this list. Equal on all pages of a list. */
  resourceVersion: string;
  /** Null on the last page. Expires after some minutes: the next page is then `gone`. */
  nextPage: string | null;
}

export interface WatchQuery {
  labels?: Readonly<Record<string, string>> | undefined;
  /** The watch yields every change after this version. */
  resourceVersion: string;
  /** The server ends the watch after this time. */
  timeoutSeconds: number;
  /** Ends the watch: it then throws the signal's reason. */
  signal: AbortSignal;
}

export type PodWatchEvent =
  /** For `deleted`, the pod's last state. */
  | { type: 'added' | 'modified' | 'deleted'; pod: Pod }
  /** Nothing changed up to this version. Sent about once a minute, even if nothing happens. */
  | { type: 'bookmark'; resourceVersion: string };

export interface DeleteOptions extends CallOptions {
  /** Deletes only this object, not a later one of the same name. */
  uid?: string | undefined;
  /** Deletes the object only if it did not change since. */
  resourceVersion?: string | undefined;
  /** Absent: the pod's own. 0 removes the pod at once, without waiting for its node. */
  gracePeriodSeconds?: number | undefined;
}

export interface KubePods {
  /**
   * Creates the pod. If the outcome of an attempt is unclear, it is sent again, and the pod that then
   * exists is returned: the name of a pod or service must therefore never be used twice.
   * @throws KubeApiError: already_exists, forbidden, quota_exceeded, invalid, …
   */
  create(manifest: PodManifest, options?: CallOptions): Promise<Pod>;
  /** A quorum read. Null if there is none. */
  get(name: string, options?: CallOptions): Promise<Pod | null>;
  /**
   * Applies a merge patch as one atomic write. With `resourceVersion`, exactly one of several
   * patches of that version is applied, and the others throw `conflict`; it is then sent once only,
   * and an ambiguous failure is left to the caller, who reads the pod.
   * @throws KubeApiError: not_found, conflict, invalid, …
   */
  patch(
    name: string,
    patch: PodPatch,
    options?: CallOptions & { resourceVersion?: string | undefined },
  ): Promise<Pod>;
  /**
   * Begins the deletion: the pod exists until its containers have stopped, or its grace period is
   * over. `absent` if there is none. Idempotent.
   * @throws KubeApiError: conflict if a precondition does not hold, …
   */
  delete(name: string, options?: DeleteOptions): Promise<'deleting' | 'absent'>;
  /** @throws KubeApiError: gone if `page` has expired, … */
  list(query: ListQuery): Promise<ListPage<Pod>>;
  /**
   * Yields changes until the server or the network ends the watch, which may be at any moment and
   * is no error if the response ended in order. Returning from the loop closes the connection.
   * @throws KubeApiError: gone if the version is too old, unavailable if the connection breaks, …
   */
  watch(query: WatchQuery): AsyncIterable<PodWatchEvent>;
}

export interface KubeServices {
  /** As of a pod. @throws KubeApiError: already_exists, quota_exceeded, invalid, … */
  create(manifest: ServiceManifest, options?: CallOptions): Promise<Service>;
  /** A quorum read. Null if there is none. */
  get(name: string, options?: CallOptions): Promise<Service | null>;
  /** @throws KubeApiError: gone if `page` has expired, … */
  list(query: ListQuery): Promise<ListPage<Service>>;
  /** `absent` if there is none. Idempotent. @throws KubeApiError: conflict, … */
  delete(name: string, options?: DeleteOptions): Promise<'deleting' | 'absent'>;
}

export interface KubeEvents {
  /** @throws KubeApiError: already_exists, … */
  create(manifest: EventManifest, options?: CallOptions): Promise<void>;
  /** @throws KubeApiError: not_found if the event has expired, … */
  patch(name: string, patch: EventPatch, options?: CallOptions): Promise<void>;
}

/** What the provisioner needs of the API server, in one namespace. Nothing in it executes into a pod. */
export interface KubeApi {
  readonly namespace: string;
  readonly pods: KubePods;
  readonly services: KubeServices;
  readonly events: KubeEvents;
  /** Closes the connections; calls that are pending fail with `unavailable`. Idempotent. */
  close(): Promise<void>;
}

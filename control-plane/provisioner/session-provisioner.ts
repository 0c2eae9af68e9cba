import type { EndedReason } from '@steppe/contracts/end-reason';
import type { Resources } from '@steppe/contracts/fields';
import type { InstanceId, SessionId, TenantId } from '@steppe/contracts/ids';

/** The session that an instance belongs to. */
export interface InstanceOwner {
  tenantId: TenantId;
  sessionId: SessionId;
}

export interface StartRequest {
  /** Name of the runtime. */
  runtime: string;
  resources: Resources;
  /** Identifies the instance's contents. A claim takes only a warm instance of its version. */
  version: string;
  /** The session that owns the instance from its start; null starts a warm instance. */
  owner: InstanceOwner | null;
  /**
   * Aborts the start. It then throws a StartFailedError if the adapter knows what kept the instance
   * from starting until now (`unschedulable`, `image_unavailable`, `quota`), or else the signal's
   * reason.
   */
  signal: AbortSignal;
}

export interface ClaimRequest {
  owner: InstanceOwner;
  /** Name of the runtime. */
  runtime: string;
  version: string;
}

export interface Instance {
  instanceId: InstanceId;
  /** `http://host:port`, without a path. */
  address: string;
}

interface ListedBase {
  instanceId: InstanceId;
  runtime: string;
  version: string;
  /** Milliseconds of Unix time. */
  createdAtMs: number;
}

export type ListedInstance = ListedBase &
  (
    | { state: 'starting'; sessionId?: SessionId }
    | { state: 'warm'; address: string }
    | { state: 'claimed'; address: string; sessionId: SessionId }
  );

export interface ListOptions {
  /**
   * True: the list contains every instance whose start resolved before the call. False or absent:
   * the list may come from a cache.
   */
  consistent?: boolean;
}

export interface CountRequest {
  /** Name of the runtime. */
  runtime: string;
  version: string;
}

/** Instances that no session owns. */
export interface InstanceCount {
  warm: number;
  starting: number;
}

export interface InstanceEnd {
  instanceId: InstanceId;
  /** Absent for an instance that no session owned. */
  sessionId?: SessionId;
  reason: EndedReason;
  /** Exit code, signal and last output, for people; at most 4096 characters. */
  detail?: string;
}

/** Acknowledges the end by resolving. */
export type EndListener = (end: InstanceEnd) => Promise<void>;

/**
 * Creates and ends instances. Several control-planes may share one set of instances, each through
 * a provisioner of its own, if the adapter supports it; every method then covers the instances of
 * all of them. Each method finishes within a time limit of its own, or when its signal aborts.
 */
export interface SessionProvisioner {
  /**
   * Starts an instance that listens, has a ready worker and is not bound. If this throws, nothing
   * is left of the instance and no listener is called.
   * @throws StartFailedError, or the reason of the signal.
   */
  start(request: StartRequest): Promise<Instance>;
  /**
   * Gives a warm instance of that runtime and version to the session; null if there is none. Each
   * instance goes to one of any number of concurrent claims, and a claim that loses a race takes
   * the next instance. A claim removes nothing: the reconciler removes outdated instances.
   */
  claim(request: ClaimRequest): Promise<Instance | null>;
  /** Ends the instance if it is warm, as `end` does. False if it was claimed or is not warm. */
  retire(instanceId: InstanceId): Promise<boolean>;
  /**
   * Ends the instance in any state and resolves when it no longer runs; its end is then delivered
   * as any other. Idempotent: resolves for an instance that ended before or never existed. Uses
   * force after a time limit of its own.
   */
  end(instanceId: InstanceId): Promise<void>;
  /** The instances that have not ended, without those that are being retired. */
  list(options?: ListOptions): Promise<ListedInstance[]>;
  /** Counts like `list`, but never costs a full list. May come from a cache. */
  count(request: CountRequest): Promise<InstanceCount>;
  /**
   * Delivers the end of every instance that was ready, whatever its cause, `end` included. An end
   * is acknowledged when at least one listener and all current listeners of this provisioner have
   * resolved; what is left of the instance is removed only then. An end that is not acknowledged,
   * because a listener rejected or nobody watched, is delivered again: to the listeners that
   * rejected, to a new listener before this returns, and after a restart. After a restart each former
   * instance is either listed or has its end delivered, unless the adapter keeps its state in
   * memory; the reconciler then finds the rows of the instances that no longer exist.
   * @returns an idempotent function that stops the deliveries to this listener.
   */
  watch(listener: EndListener): () => void;
  /**
   * Releases what the adapter holds. Instances that cannot outlive it end as `node_lost`, and
   * their ends are delivered once before this resolves; pending starts throw `StartFailedError`.
   * Idempotent.
   */
  close(): Promise<void>;
}

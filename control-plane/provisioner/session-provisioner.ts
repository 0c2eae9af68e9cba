import type { EndedReason } from '@steppe/contracts/end-reason';
import type { Resources } from '@steppe/contracts/fields';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { RuntimeDefinition } from '../runtimes/runtime-definition.ts';

export interface StartRequest {
  runtime: RuntimeDefinition;
  resources: Resources;
  /** What the runtime is made of; a claim takes a warm instance of the same version alone. */
  version: string;
  /** Whose instance it is from its birth on; null makes a warm one, for whoever claims it. */
  sessionId: SessionId | null;
  /** Its reason is thrown where it aborts the start. */
  signal: AbortSignal;
}

export interface ClaimRequest {
  sessionId: SessionId;
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

export interface InstanceEnd {
  instanceId: InstanceId;
  /** Absent of one that never had a session. */
  sessionId?: SessionId;
  reason: EndedReason;
  /** Exit code, signal, last output: for people, at most 4096 characters. */
  detail?: string;
}

export type EndListener = (end: InstanceEnd) => void;

/**
 * Where the instances come from. Any number of control-planes share one set of instances, each
 * through a provisioner of its own; every method sees the instances of all of them, and ends within
 * a time limit of its own, or by the signal where it takes one.
 */
export interface SessionProvisioner {
  /**
   * A new instance: it listens, its worker is ready, and nobody has bound it. Where this throws,
   * nothing of the instance is left and no listener is notified: `StartFailedError`, or the reason
   * of the signal.
   */
  start(request: StartRequest): Promise<Instance>;
  /**
   * A warm instance of that runtime and version, which is the session's from now on; null where
   * there is none. Of any number of claims at once, here and elsewhere, each instance goes to one:
   * a lost race takes the next. One that is dead is removed, and one of another version, unless
   * that was made since this provisioner began: a newer one may have made it.
   */
  claim(request: ClaimRequest): Promise<Instance | null>;
  /**
   * Ends the instance if it is warm, as `end` does; false, and nothing is done, where a claim came
   * first or it is not a warm instance.
   */
  retire(instanceId: InstanceId): Promise<boolean>;
  /**
   * Ends the instance whatever it does, at once where it can; resolves when nothing of it is left.
   * Idempotent: one that ended before, and one that never existed, resolve too. It sets its own
   * time limit before it uses force.
   */
  end(instanceId: InstanceId): Promise<void>;
  /** The instances that have not ended, but for those that are being retired. */
  list(): Promise<ListedInstance[]>;
  /**
   * Delivers the end of every instance from now on that was ready, of whatever cause, `end`
   * included, also where whoever started it is gone: once each, when nothing of it is left. Ends
   * that happened while nobody watched are not delivered later. Returns how to stop.
   */
  watch(listener: EndListener): () => void;
  /**
   * How an instance ended, as far as that is still known; for an hour or so it is. Null of one that
   * lives or never existed.
   */
  endOf(instanceId: InstanceId): Promise<InstanceEnd | null>;
  /**
   * Releases what the adapter holds. Instances that cannot outlive it are ended as `node_lost`, and
   * their ends are delivered before this resolves; starts that wait or run throw
   * `StartFailedError`. Harmless twice.
   */
  close(): Promise<void>;
}

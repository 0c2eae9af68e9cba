import type { Resources } from '@steppe/contracts/fields';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { EndedReason, Runtime } from '@steppe/contracts/session';

export interface StartRequest {
  sessionId: SessionId;
  runtime: Runtime;
  resources: Resources;
  /** Its reason is thrown where it aborts the start. */
  signal: AbortSignal;
}

export interface Instance {
  instanceId: InstanceId;
  sessionId: SessionId;
  /** `http://host:port`, without a path. */
  address: string;
}

export interface InstanceEnd {
  instanceId: InstanceId;
  sessionId: SessionId;
  reason: EndedReason;
  /** Exit code, signal, last words: for people, at most 4096 characters. */
  detail?: string;
}

export type EndListener = (end: InstanceEnd) => void;

/** Where the instances come from. */
export interface SessionProvisioner {
  /**
   * An instance of its own for the session: it listens, its worker is ready, and nobody has bound it. Where this throws, nothing
   * of the instance is left and no listener hears of it: `StartFailed`, or the reason of the signal.
   */
  start(request: StartRequest): Promise<Instance>;
  /**
   * Ends the instance whatever it does, at once where it can; resolves when nothing of it is left. Idempotent: one that
   * ended before, and one that never was, resolve too. It sets its own time limit before it uses force.
   */
  end(instanceId: InstanceId): Promise<void>;
  /** The instances that were started and have not ended. */
  list(): Promise<Instance[]>;
  /**
   * From now on tells of the end of every instance whose start resolved, of whatever cause, `end` included, once each, when
   * nothing of it is left. Ends that happened while nobody watched are not told later. Returns how to stop.
   */
  watch(listener: EndListener): () => void;
  /**
   * Releases what the adapter holds. Instances that cannot outlive it are ended as `node_lost`, and their ends are told before
   * this resolves; starts that wait or run throw `StartFailed`. Harmless twice.
   */
  close(): Promise<void>;
}

import type { InstanceId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { EndListener, InstanceEnd } from './session-provisioner.ts';

/** Delay before an end is delivered again to a listener that rejected it. */
export const redeliverAfterMs = 1_000;

/** Delivers ends to the listeners of one provisioner until they are acknowledged. */
export interface EndDelivery {
  /**
   * Delivers the end now, and again until it is acknowledged. Resolves after the first delivery,
   * whatever its outcome.
   */
  deliver(end: InstanceEnd): Promise<void>;
  /** Also delivers every unacknowledged end to the new listener. */
  watch(listener: EndListener): () => void;
  /** Drops an end that was acknowledged elsewhere, unless its delivery has begun here. */
  forget(instanceId: InstanceId): void;
  /** Stops all deliveries. */
  close(): void;
}

interface EndDeliveryOptions {
  clock: Clock;
  /** Called once per end, when at least one listener and all current listeners have resolved. */
  onAcknowledged: (end: InstanceEnd) => void;
}

interface Pending {
  end: InstanceEnd;
  acknowledgedBy: Set<EndListener>;
  calling: Set<EndListener>;
  /** Cancels the next delivery to the listeners that rejected. */
  cancelRetry: () => void;
}

export function createEndDelivery({ clock, onAcknowledged }: EndDeliveryOptions): EndDelivery {
  const listeners = new Set<EndListener>();
  const pending = new Map<InstanceId, Pending>();

  const settle = (entry: Pending) => {
    const { end, acknowledgedBy } = entry;
    const isAcknowledged =
      acknowledgedBy.size > 0 && [...listeners].every((one) => acknowledgedBy.has(one));
    if (!isAcknowledged || pending.get(end.instanceId) !== entry) return;
    pending.delete(end.instanceId);
    entry.cancelRetry();
    onAcknowledged(end);
  };

  const call = async (entry: Pending, listener: EndListener) => {
    entry.calling.add(listener);
    try {
      await listener(entry.end);
      entry.acknowledgedBy.add(listener);
    } catch {
      // The listener logs its own failures; the end is delivered again.
      entry.cancelRetry();
      entry.cancelRetry = clock.after(redeliverAfterMs, () => runDetached(() => deliverTo(entry)));
    } finally {
      entry.calling.delete(listener);
    }
    settle(entry);
  };

  const deliverTo = async (entry: Pending): Promise<void> => {
    if (pending.get(entry.end.instanceId) !== entry) return;
    const targets = [...listeners].filter(
      (one) => !entry.acknowledgedBy.has(one) && !entry.calling.has(one),
    );
    await Promise.all(targets.map((listener) => call(entry, listener)));
  };

  return {
    deliver(end) {
      const known = pending.get(end.instanceId);
      const entry = known ?? {
        end,
        acknowledgedBy: new Set(),
        calling: new Set(),
        cancelRetry: () => {},
      };
      pending.set(end.instanceId, entry);
      return deliverTo(entry);
    },
    watch(listener) {
      // One function may watch twice; each registration counts as a separate listener.
      const own: EndListener = (end) => listener(end);
      listeners.add(own);
      for (const entry of pending.values()) runDetached(() => deliverTo(entry));
      return () => {
        listeners.delete(own);
        for (const entry of pending.values()) settle(entry);
      };
    },
    forget(instanceId) {
      const entry = pending.get(instanceId);
      if (entry && entry.calling.size === 0 && entry.acknowledgedBy.size === 0) {
        entry.cancelRetry();
        pending.delete(instanceId);
      }
    },
    close() {
      listeners.clear();
      for (const { cancelRetry } of pending.values()) cancelRetry();
      pending.clear();
    },
  };
}

import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instance, InstanceEnd, SessionProvisioner } from '../session-provisioner.ts';
import { describeEndReasons } from './end-reasons.ts';
import { describeEnds } from './ends.ts';
import type { StartableRuntime } from './requests.ts';
import { describeSharedInstances } from './shared-instances.ts';
import { describeWarmInstances } from './warm-instances.ts';

export interface OpenProvisioner {
  provisioner: SessionProvisioner;
  /**
   * Opens a further provisioner of the same instances: that of another control-plane, or the same
   * one after a restart. Absent for an adapter whose instances have one owner.
   */
  openAnother?(): SessionProvisioner;
  /** A runtime whose instances start. */
  runtime: StartableRuntime;
  /** A runtime whose instances end before they are ready; absent if the adapter has none. */
  crashing?: StartableRuntime;
  /** A runtime whose instances are never ready; absent if the adapter has none. */
  stuck?: StartableRuntime;
  /** Binds as the control-plane does; resolves with the status of the response. */
  bind(instanceId: InstanceId, address: string, sessionId: SessionId): Promise<number>;
  /** Kills the instance from outside, so that it leaves no termination message. */
  kill(instanceId: InstanceId): Promise<void>;
  /** Lets a bound instance end for one of the harness's reasons, as it does in reality. */
  endAs(reason: EndedReason, instance: Instance): Promise<void>;
  /** What is left of any instance: processes, directories, pods, unacknowledged ends. */
  leftovers(): Promise<string[]>;
  /** Removes what outlives the provisioners; absent if nothing does. */
  dispose?(): Promise<void>;
}

export interface ProvisionerHarness {
  /** The adapter's end reasons besides `deleted` and `crashed`, which every adapter has. */
  reasons: readonly EndedReason[];
  /** Whether several provisioners can share the instances; if so, `openAnother` exists. */
  isShared: boolean;
  open(): Promise<OpenProvisioner>;
}

const neverAborted = new AbortController().signal;

/** The guarantees of every adapter of `SessionProvisioner`. */
export function describeSessionProvisioner(name: string, harness: ProvisionerHarness): void {
  describe(name, () => {
    let open: OpenProvisioner;
    let ends: InstanceEnd[];
    let endWaiters: (() => void)[];
    let stopWatching: () => void;
    beforeEach(async () => {
      open = await harness.open();
      [ends, endWaiters] = [[], []];
      stopWatching = open.provisioner.watch(async (end) => {
        ends.push(end);
        for (const wake of endWaiters) wake();
      });
    });
    afterEach(async () => {
      await open.provisioner.close();
      await open.dispose?.();
      expect(await open.leftovers()).toEqual([]);
    });

    const start = async (
      runtime = open.runtime,
      signal = neverAborted,
      sessionId = newSessionId(),
    ) => {
      const request = {
        owner: { tenantId: newTenantId(), sessionId },
        runtime: runtime.name,
        resources: runtime.default_resources,
        version: 'v1',
        signal,
      };
      return { ...(await open.provisioner.start(request)), sessionId };
    };
    const nextEnd = () => new Promise<void>((resolve) => endWaiters.push(resolve));

    it('starts an instance that listens and can be bound once', async () => {
      const sessionId = newSessionId();
      const { instanceId, address } = await start(open.runtime, neverAborted, sessionId);
      expect(await open.bind(instanceId, address, sessionId)).toBe(200);
      expect(await open.bind(instanceId, address, sessionId)).toBe(409);
    });

    it('gives each session an instance of its own, and lists the live ones', async () => {
      const before = Date.now();
      const instances = await Promise.all([start(), start(), start()]);
      expect(new Set(instances.map(({ instanceId }) => instanceId)).size).toBe(3);
      expect(new Set(instances.map(({ address }) => address)).size).toBe(3);
      const [first, ...others] = instances;
      if (first) await open.provisioner.end(first.instanceId);
      const listed = await open.provisioner.list({ consistent: true });
      const { name: runtime } = open.runtime;
      const facts = {
        runtime,
        version: 'v1',
        state: 'claimed',
        createdAtMs: expect.toSatisfy((ms) => ms >= before - 1_000),
      };
      expect(listed).toHaveLength(2);
      expect(listed).toEqual(
        expect.arrayContaining(others.map((instance) => ({ ...instance, ...facts }))),
      );
    });

    it('leaves nothing when end resolves, also if end is called repeatedly', async () => {
      const { instanceId } = await start();
      await Promise.all([open.provisioner.end(instanceId), open.provisioner.end(instanceId)]);
      expect(await open.leftovers()).toEqual([]);
      await open.provisioner.end(instanceId);
      expect(await open.provisioner.list()).toEqual([]);
    });

    it('resolves end for an instance that never existed, and delivers no end', async () => {
      await open.provisioner.end(newInstanceId());
      expect(ends).toEqual([]);
    });

    it('delivers a requested end once', async () => {
      const { instanceId, sessionId } = await start();
      await Promise.all([open.provisioner.end(instanceId), open.provisioner.end(instanceId)]);
      expect(ends).toEqual([expect.objectContaining({ instanceId, sessionId, reason: 'deleted' })]);
    });

    it('delivers an unrequested end with the exit status when nothing is left', async () => {
      const { instanceId, sessionId } = await start();
      const delivered = nextEnd();
      await open.kill(instanceId);
      await delivered;
      expect(ends).toEqual([
        { instanceId, sessionId, reason: 'crashed', detail: expect.stringMatching(/SIGKILL|137/) },
      ]);
      expect(await open.leftovers()).toEqual([]);
      expect(await open.provisioner.list()).toEqual([]);
    });

    it('delivers nothing to a listener that has stopped watching', async () => {
      const received: InstanceEnd[] = [];
      const stop = open.provisioner.watch(async (end) => void received.push(end));
      const { instanceId } = await start();
      stop();
      await open.provisioner.end(instanceId);
      expect([received.length, ends.length]).toEqual([0, 1]);
    });

    it('leaves nothing if an instance ends before it is ready, and delivers no end', async ({
      skip,
    }) => {
      const { crashing } = open;
      if (!crashing) return skip('no instance of this adapter ends before it is ready');
      await expect(start(crashing)).rejects.toMatchObject({
        name: 'StartFailedError',
        reason: 'crashed',
      });
      expect(await open.leftovers()).toEqual([]);
      expect([ends, await open.provisioner.list()]).toEqual([[], []]);
    });

    it('rejects a start with the reason of its aborted signal, and leaves nothing', async () => {
      const abort = new AbortController();
      const starting = start(open.stuck ?? open.runtime, abort.signal);
      if (open.stuck) await expectEventually(open.leftovers).not.toEqual([]);
      abort.abort(new Error('too late'));
      await expect(starting).rejects.toThrow('too late');
      expect(await open.leftovers()).toEqual([]);
      expect([ends, await open.provisioner.list()]).toEqual([[], []]);
    });

    it('leaves nothing of starts that are aborted as soon as they have begun', async () => {
      const abort = new AbortController();
      const starting = [1, 2, 3].map(() => start(open.runtime, abort.signal));
      const outcomes = Promise.allSettled(starting);
      await new Promise(setImmediate);
      abort.abort(new Error('too late'));
      for (const outcome of await outcomes)
        if (outcome.status === 'fulfilled') await open.provisioner.end(outcome.value.instanceId);
      // What was under way has arrived by the time that another start has.
      await open.provisioner.end((await start()).instanceId);
      await expectEventually(open.leftovers).toEqual([]);
    });

    it('does not begin a start whose signal is already aborted', async () => {
      await expect(start(open.runtime, AbortSignal.abort(new Error('too late')))).rejects.toThrow(
        'too late',
      );
      expect(await open.leftovers()).toEqual([]);
    });

    it('starts and ends many instances at the same time', async () => {
      const instances = await Promise.all(Array.from({ length: 12 }, () => start()));
      await Promise.all(instances.map(({ instanceId }) => open.provisioner.end(instanceId)));
      expect(new Set(ends.map(({ instanceId }) => instanceId)).size).toBe(12);
      expect(ends).toHaveLength(12);
    });

    describeWarmInstances(() => open);
    describeEnds(
      () => open,
      () => stopWatching(),
    );
    describeSharedInstances(() => open, harness.isShared);
    describeEndReasons(harness.reasons, () => open);
  });
}

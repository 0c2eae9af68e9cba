import type { InstanceId } from '@steppe/contracts/ids';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newOwner } from '../provisioner/conformance/requests.ts';
import type {
  EndListener,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../provisioner/session-provisioner.ts';
import { StartFailedError } from '../provisioner/start-failed-error.ts';
import { pythonRuntime } from '../testing/session-runtimes.ts';
import { createWarmPool, type WarmPool } from './warm-pool.ts';

const python = pythonRuntime(3);
const other = { ...python, name: 'python-data', poolSize: 0 };

/** A fake provisioner. Its instances become ready at once, or when the test says so. */
function createFakeProvisioner() {
  const listed = new Map<InstanceId, ListedInstance>();
  const listeners = new Set<EndListener>();
  const fake = {
    requests: [] as StartRequest[],
    failing: false,
    listed,
    end(instanceId: InstanceId) {
      listed.delete(instanceId);
      for (const listener of listeners) void listener({ instanceId, reason: 'crashed' });
    },
    add(version: string, state: 'warm' | 'starting' = 'warm') {
      const base = { instanceId: newInstanceId(), runtime: python.name, version, createdAtMs: 0 };
      listed.set(
        base.instanceId,
        state === 'warm' ? { ...base, state, address: 'http://127.0.0.1:1' } : { ...base, state },
      );
      return base.instanceId;
    },
  };
  const provisioner: Pick<SessionProvisioner, 'start' | 'claim' | 'list' | 'count' | 'watch'> = {
    async start(request) {
      fake.requests.push(request);
      if (fake.failing) throw new StartFailedError('quota', 'no room');
      return { instanceId: fake.add(request.version), address: 'http://127.0.0.1:1' };
    },
    async claim() {
      const found = [...listed.values()].find(({ state }) => state === 'warm');
      if (!found) return null;
      listed.delete(found.instanceId);
      return { instanceId: found.instanceId, address: 'http://127.0.0.1:1' };
    },
    list: async () => [...listed.values()],
    async count({ version }) {
      const pooled = [...listed.values()].filter((one) => one.version === version);
      const warm = pooled.filter(({ state }) => state === 'warm').length;
      return { warm, starting: pooled.length - warm };
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const unused = () => Promise.reject(new Error('not for this test'));
  return {
    fake,
    provisioner: { ...provisioner, retire: unused, end: unused, close: unused },
  };
}

describe('warm pool', () => {
  let { fake, provisioner } = createFakeProvisioner();
  let pool: WarmPool;
  /** The sleeps of the pool; a test resolves them. */
  let waits: { ms: number; goOn: () => void }[];
  const sizes: [number, number][] = [];
  const failed: string[] = [];
  const lines: string[] = [];
  beforeEach(() => {
    ({ fake, provisioner } = createFakeProvisioner());
    waits = [];
    sizes.length = 0;
    failed.length = 0;
    lines.length = 0;
    pool = openPool();
  });
  const openPool = (startsAtOnce = 2, poolSize = python.poolSize) =>
    createWarmPool({
      provisioner,
      runtimes: [{ ...python, poolSize }, other],
      startLimitMs: 10_000,
      startsAtOnce,
      metrics: {
        size: (_, warm, target) => sizes.push([warm, target]),
        startFailed: (runtime) => void failed.push(runtime),
      },
      logger: createLogger({
        service: 'test',
        level: 'info',
        to: { write: (line) => void lines.push(line) },
      }),
      clock: {
        ...systemClock,
        sleep: (ms, signal) =>
          new Promise((resolve) => {
            if (signal?.aborted) return resolve();
            signal?.addEventListener('abort', () => resolve(), { once: true });
            waits.push({ ms, goOn: resolve });
          }),
      },
    });
  afterEach(() => pool.close());
  const settled = () => expectEventually(() => waits.length).toBeGreaterThan(0);

  it('starts the missing instances at fill(), without an owner, with the defaults', async () => {
    expect(fake.requests).toEqual([]);
    pool.fill();
    pool.fill();
    await settled();
    expect(fake.requests).toHaveLength(3);
    for (const request of fake.requests) {
      expect(request).toMatchObject({
        owner: null,
        runtime: python.name,
        resources: python.default_resources,
      });
    }
    expect(sizes.at(-1)).toEqual([3, 3]);
  });

  it.each([1, 3])('starts %i at a time if configured so', async (startsAtOnce) => {
    let running = 0;
    let most = 0;
    const { start } = provisioner;
    provisioner.start = async (request) => {
      most = Math.max(most, ++running);
      const started = await start(request);
      running -= 1;
      return started;
    };
    const own = openPool(startsAtOnce);
    own.fill();
    await settled();
    await own.close();
    expect([fake.requests.length, most]).toEqual([3, startsAtOnce]);
  });

  it('counts instances of other control-planes, and none of another version', async () => {
    const { version } = python;
    fake.add(version);
    fake.add(version, 'starting');
    fake.add('an older one');
    pool.fill();
    await settled();
    expect(fake.requests).toHaveLength(1);
  });

  it('replaces claimed instances at refill(), and ended instances at once', async () => {
    pool.fill();
    await settled();
    expect(await pool.claim(newOwner(), python, python.default_resources)).not.toBeNull();
    expect(fake.requests).toHaveLength(3);
    pool.refill(python);
    await expectEventually(() => fake.requests).toHaveLength(4);
    const [first] = fake.listed.keys();
    if (first) fake.end(first);
    await expectEventually(() => fake.requests).toHaveLength(5);
  });

  it('notices claims of other control-planes at its next count', async () => {
    pool.fill();
    await settled();
    const [first] = fake.listed.keys();
    if (first) fake.listed.delete(first);
    expect(waits.map(({ ms }) => ms)).toEqual([5_000]);
    waits[0]?.goOn();
    await expectEventually(() => fake.requests).toHaveLength(4);
  });

  it('retries failed starts with a backoff that only a success resets', async () => {
    fake.failing = true;
    pool.fill();
    for (let round = 0; round < 9; round += 1) {
      await expectEventually(() => waits.length).toBe(round + 1);
      pool.refill(python);
      waits.at(-1)?.goOn();
    }
    await expectEventually(() => waits.length).toBe(10);
    expect(waits.map(({ ms }) => ms)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
    fake.failing = false;
    waits.at(-1)?.goOn();
    await expectEventually(() => fake.listed.size).toBe(3);
    await expectEventually(() => waits.at(-1)?.ms).toBe(5_000);
  });

  it('replaces early exits with the backoff of failed starts until the pool is full', async () => {
    const { start } = provisioner;
    let isCrashable = true;
    provisioner.start = async (request) => {
      const started = await start(request);
      if (isCrashable) setImmediate(() => fake.end(started.instanceId));
      return started;
    };
    pool = openPool(1, 1);
    const backOffs = () => waits.map(({ ms }) => ms).filter((ms) => ms !== 5_000);
    pool.fill();
    for (let round = 1; round <= 5; round += 1) {
      await expectEventually(() => backOffs().length).toBe(round);
      waits.at(-1)?.goOn();
    }
    await expectEventually(() => backOffs()).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(failed).toEqual(fake.requests.map(() => python.name));
    isCrashable = false;
    waits.at(-1)?.goOn();
    await expectEventually(() => [fake.listed.size, waits.at(-1)?.ms]).toEqual([1, 5_000]);
    waits.at(-1)?.goOn();
    const looks = waits.length;
    await expectEventually(() => waits.length).toBeGreaterThan(looks);
    const [first] = fake.listed.keys();
    if (first) fake.end(first);
    await expectEventually(() => fake.listed.size).toBe(1);
    expect(backOffs()).toHaveLength(6);
  });

  it('claims only for equal resources, however written, and a runtime with a pool', async () => {
    pool.fill();
    await settled();
    const claim = (runtime: typeof python, resources = python.default_resources) =>
      pool.claim(newOwner(), runtime, resources);
    expect(await claim(python, { ...python.default_resources, cpu: '2' })).toBeNull();
    expect(await claim(other)).toBeNull();
    expect(
      await claim(python, { ...python.default_resources, cpu: '1000m', memory: '0.5Gi' }),
    ).not.toBeNull();
  });

  it('logs a claim that found no warm instance, which an alarm counts', async () => {
    const owner = newOwner();
    expect(await pool.claim(owner, python, python.default_resources)).toBeNull();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'no warm instance to claim', session_id: owner.sessionId, runtime: python.name },
    ]);
  });

  it('returns no instance if the provisioner fails to claim', async () => {
    provisioner.claim = () => Promise.reject(new Error('away'));
    expect(await pool.claim(newOwner(), python, python.default_resources)).toBeNull();
  });

  it('starts nothing after it is closed, and aborts the starts that run', async () => {
    let signal: AbortSignal | undefined;
    provisioner.start = (request) => {
      signal = request.signal;
      return new Promise((_, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason), {
          once: true,
        });
      });
    };
    pool.fill();
    await expectEventually(() => signal).toBeDefined();
    await pool.close();
    expect(signal?.aborted).toBe(true);
    pool.fill();
    expect(waits).toEqual([]);
  });
});

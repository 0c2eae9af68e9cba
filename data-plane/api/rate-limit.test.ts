import { randomUUID } from 'node:crypto';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from '../testing/call.ts';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';
import { createRateLimiter, type RateLimiter } from './rate-limit.ts';

const newTenant = () => tenantIdSchema.parse(`tenant-${randomUUID()}`);

/** Counts how many calls succeed before one is refused, and returns the refusal. */
function callUntilRefused(
  limit: RateLimiter,
  caller: Parameters<RateLimiter>[0],
): { passed: number; refusal: AppError } {
  for (let passed = 0; passed < 100_000; passed++) {
    try {
      limit(caller);
    } catch (error) {
      if (error instanceof AppError) return { passed, refusal: error };
      throw error;
    }
  }
  throw new Error('nothing was refused');
}

describe('a tenant', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('may spend its burst at once and its rate after that, and learns when to retry', () => {
    const limit = createRateLimiter({ requestsPerSecond: 10, burstSeconds: 3 }, systemClock);
    const caller = { tenantId: newTenant() };
    const { passed, refusal } = callUntilRefused(limit, caller);
    expect(passed).toBe(30);
    expect(refusal).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      details: { requests_per_second: 10 },
      headers: { 'Retry-After': '1' },
    });
    vi.advanceTimersByTime(1_000);
    expect(callUntilRefused(limit, caller).passed).toBe(10);
    vi.advanceTimersByTime(60_000);
    expect(callUntilRefused(limit, caller).passed).toBe(30);
  });

  it('has its own budget, whatever other tenants do', () => {
    const limit = createRateLimiter({ requestsPerSecond: 1, burstSeconds: 1 }, systemClock);
    for (let i = 0; i < 5; i++)
      expect(callUntilRefused(limit, { tenantId: newTenant() }).passed).toBe(1);
  });

  it('has the rate of its token, even if none is configured', () => {
    const limit = createRateLimiter({ requestsPerSecond: undefined, burstSeconds: 2 }, systemClock);
    expect(callUntilRefused(limit, { tenantId: newTenant(), requestsPerSecond: 5 }).passed).toBe(
      10,
    );
    const caller = { tenantId: newTenant() };
    for (let i = 0; i < 10_000; i++) limit(caller);
  });

  it('gains nothing by alternating between tokens with different rates', () => {
    const limit = createRateLimiter({ requestsPerSecond: 10, burstSeconds: 1 }, systemClock);
    const caller = { tenantId: newTenant() };
    expect(callUntilRefused(limit, caller).passed).toBe(10);
    expect(callUntilRefused(limit, { ...caller, requestsPerSecond: 25 }).passed).toBe(0);
    vi.advanceTimersByTime(200);
    expect(callUntilRefused(limit, { ...caller, requestsPerSecond: 25 }).passed).toBe(5);
    expect(callUntilRefused(limit, caller).passed).toBe(0);
  });

  it('is forgotten after ten thousand other tenants have called, so that memory is bounded', () => {
    const limit = createRateLimiter({ requestsPerSecond: 1, burstSeconds: 1 }, systemClock);
    const caller = { tenantId: newTenant() };
    limit(caller);
    for (let i = 0; i < 9_999; i++) limit({ tenantId: newTenant() });
    expect(() => limit(caller)).toThrow('calls per second');
    for (let i = 0; i < 10_000; i++) limit({ tenantId: newTenant() });
    expect(() => limit(caller)).not.toThrow();
  });
});

describe('the data-plane', () => {
  let plane: TestDataPlane;
  beforeEach(async () => {
    // The fake clock does not move, however slow the machine is.
    vi.useFakeTimers({ toFake: ['performance'] });
    plane = await startTestDataPlane({ rateLimit: { requestsPerSecond: 1, burstSeconds: 2 } });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await plane.closeAll();
  });

  it('refuses every operation alike before it reads anything, and logs and counts it', async () => {
    const agent = await plane.startAgent(echo);
    const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/steps`;
    for (let i = 0; i < 2; i++) expect((await plane.call({ path })).status).toBe(200);
    const reads = plane.routes.reads.length;
    for (const refused of [
      { path },
      { method: 'POST', path },
      { path: '/v1/sessions' },
      { path: '/v1/runtimes' },
    ]) {
      const { status, headers, text } = await plane.call(refused);
      expect([status, headers['retry-after']]).toEqual([429, '1']);
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'rate_limited', retryable: true } });
    }
    expect(plane.routes.reads).toHaveLength(reads);
    expect(plane.requests()).toContainEqual(
      expect.objectContaining({ outcome: 'rate_limited', tenant_id: plane.tenantId }),
    );
    const metrics = await call(plane.operatorPort, { path: '/metrics' });
    expect(metrics.text).toMatch(
      /^steppe_http_requests_total\{operation="list_steps",status="429",outcome="rate_limited",.*\} 1$/m,
    );
    const stranger = { authorization: `Bearer ${newTenant()}` };
    expect((await plane.call({ path, headers: stranger })).status).toBe(404);
  });
});

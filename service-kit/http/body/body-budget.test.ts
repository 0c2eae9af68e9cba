import { expect, it } from 'vitest';
import { type BodyShare, createBodyBudget } from './body-budget.ts';

/** Opens a share that is held until `release`. */
function open(budget: ReturnType<typeof createBodyBudget>, tenantId: string) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let share: BodyShare | undefined;
  const done = budget.hold(tenantId, (given) => {
    share = given;
    return ended;
  });
  if (!share) throw new Error('no share was given');
  const release = () => {
    end();
    return done;
  };
  return { share, release };
}

const full = (limit: string, max_bytes: number) =>
  expect.objectContaining({
    code: 'rate_limited',
    details: { limit, max_bytes },
    headers: { 'Retry-After': '1' },
  });

it('refuses bytes above the limit of one tenant, without affecting others', () => {
  const budget = createBodyBudget({ totalBytes: 100, tenantBytes: 10 });
  open(budget, 'a').share.take(7);
  const second = open(budget, 'a').share;
  second.take(3);
  expect(() => second.take(1)).toThrow(full('tenant_bodies', 10));
  open(budget, 'b').share.take(10);
});

it('refuses bytes above the total limit', () => {
  const budget = createBodyBudget({ totalBytes: 15, tenantBytes: 10 });
  open(budget, 'a').share.take(10);
  expect(() => open(budget, 'b').share.take(6)).toThrow(full('bodies', 15));
  open(budget, 'c').share.take(5);
});

it('gets bytes back when the use of a share ends or fails', async () => {
  const budget = createBodyBudget({ totalBytes: 10, tenantBytes: 10 });
  const first = open(budget, 'a');
  first.share.take(10);
  await first.release();
  const failing = budget.hold('a', async (share) => {
    share.take(10);
    throw new Error('fails');
  });
  await expect(failing).rejects.toThrow('fails');
  open(budget, 'c').share.take(10);
});

it('takes nothing when it refuses', () => {
  const budget = createBodyBudget({ totalBytes: 10, tenantBytes: 10 });
  const { share } = open(budget, 'a');
  expect(() => share.take(11)).toThrow(full('tenant_bodies', 10));
  share.take(10);
});

import { expect, it } from 'vitest';
import { shareNextCall } from './share-next-call.ts';

it('shares the next call among those who call while one is pending', async () => {
  const begun: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = shareNextCall(
    () => new Promise<number>((resolve, reject) => begun.push({ resolve, reject })),
  );
  const [first, second, third] = [shared(), shared(), shared()];
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => begun.length).toBe(2);
  const fourth = shared();
  begun[1]?.reject(new Error('refused'));
  await expect(second).rejects.toThrow('refused');
  await expect(third).rejects.toThrow('refused');
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.resolve(3);
  expect(await fourth).toBe(3);
});

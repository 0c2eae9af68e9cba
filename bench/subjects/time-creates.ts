import type { Services } from './services.ts';

export interface CreateTimes {
  createMs: number;
  /** The first step after it. */
  firstStepMs: number;
}

interface Creates {
  runtime: 'python' | 'node';
  count: number;
  /** Called before each create. */
  ready?: () => Promise<void>;
}

const firstSteps = { python: 'x = 1', node: 'let x = 1' };

/** Creates one session after the other, runs one step in each and deletes it. */
export async function timeCreates(
  { openSession }: Services,
  { runtime, count, ready }: Creates,
): Promise<CreateTimes[]> {
  const times: CreateTimes[] = [];
  for (let created = 0; created < count; created++) {
    await ready?.();
    const startedAt = performance.now();
    const session = await openSession(runtime);
    const createdAt = performance.now();
    await session.run(firstSteps[runtime]);
    times.push({
      createMs: createdAt - startedAt,
      firstStepMs: performance.now() - createdAt,
    });
    await session.end();
  }
  return times;
}

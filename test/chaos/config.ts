import { loadConfig } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import { durationVariable } from '../support/programs/duration-variable.ts';

const variables = z.object({
  DURATION: durationVariable.prefault('10m').describe('how long to inject faults: 60s, 10m, 1h'),
  SEED: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .prefault(() => String(Date.now() % 1_000_000))
    .describe('seed of the random choices; it does not repeat the timing'),
  CHAOS: z
    .enum(['local', 'cluster'], { error: 'must be local or cluster' })
    .prefault('local')
    .describe('where: processes of this machine, or a release in the cluster of tools/cluster'),
});

export interface ChaosConfig {
  durationMs: number;
  seed: number;
  where: 'local' | 'cluster';
}

export function readConfig(): ChaosConfig {
  const { DURATION, SEED, CHAOS } = loadConfig({
    service: 'chaos',
    variables,
    env: process.env,
    args: process.argv.slice(2),
  });
  return { durationMs: DURATION, seed: SEED, where: CHAOS };
}

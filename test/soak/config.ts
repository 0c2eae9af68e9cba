import { loadConfig } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import { durationVariable } from '../support/programs/duration-variable.ts';

const variables = z.object({
  DURATION: durationVariable
    .prefault('10m')
    .describe('how long to create and end sessions: 60s, 10m, 1h'),
  SOAK: z
    .enum(['local', 'cluster'], { error: 'must be local or cluster' })
    .prefault('local')
    .describe('where: processes of this machine, or a release in the cluster of KUBECONFIG'),
});

export interface SoakConfig {
  durationMs: number;
  where: 'local' | 'cluster';
}

export function readConfig(): SoakConfig {
  const { DURATION, SOAK } = loadConfig({
    service: 'soak',
    variables,
    env: process.env,
    args: process.argv.slice(2),
  });
  return { durationMs: DURATION, where: SOAK };
}

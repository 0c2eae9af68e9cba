import { loadConfig } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import { durationVariable } from '../support/programs/duration-variable.ts';

const variables = z.object({
  DURATION: durationVariable
    .prefault('10m')
    .describe('how long to create and end sessions: 60s, 10m, 1h'),
});

export interface SoakConfig {
  durationMs: number;
}

export function readConfig(): SoakConfig {
  const { DURATION } = loadConfig({
    service: 'soak',
    variables,
    env: process.env,
    args: process.argv.slice(2),
  });
  return { durationMs: DURATION };
}

import { loadConfig } from '@steppe/service-kit/load-config';
import { z } from 'zod';

const msOf = { s: 1_000, m: 60_000, h: 3_600_000 };
const isUnit = (unit: string | undefined): unit is keyof typeof msOf => unit !== undefined && unit in msOf;

export const durationVariable = z.string().transform((text, ctx) => {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (isUnit(unit) && Number(count) > 0) return Number(count) * msOf[unit];
  ctx.addIssue(`must be a whole number and a unit, as 60s, 10m or 1h, and is ${JSON.stringify(text)}`);
  return z.NEVER;
});

const variables = z.object({
  DURATION: durationVariable.prefault('10m').describe('how long faults are injected: 60s, 10m, 1h'),
  SEED: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .prefault(() => String(Date.now() % 1_000_000))
    .describe('of the choices that are made; the times at which things happen no seed repeats'),
});

export interface ChaosConfig {
  durationMs: number;
  seed: number;
}

export function readConfig(): ChaosConfig {
  const { DURATION, SEED } = loadConfig({ service: 'chaos', variables, env: process.env, args: process.argv.slice(2) });
  return { durationMs: DURATION, seed: SEED };
}

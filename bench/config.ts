import { loadConfig } from '@steppe/service-kit/config/load-config';
import { integerVariable } from '@steppe/service-kit/config/variables';
import * as z from 'zod';

const variables = z.object({
  BENCH: z.string().optional().describe('the row to measure; unset: all of them'),
  ROUNDS: integerVariable(1, 100).default(5).describe('rounds of each row'),
  SCALE: z.coerce
    .number()
    .positive()
    .max(10)
    .default(1)
    .describe('factor of all counts and durations; below 1 shows only that everything works'),
  NODE_FLAGS: z
    .string()
    .default('')
    .describe('flags of Node for the forwarders of step-cpu, such as --cpu-prof'),
});

export interface BenchConfig {
  row: string | undefined;
  rounds: number;
  scale: number;
  nodeFlags: readonly string[];
}

export function readConfig(): BenchConfig {
  const { BENCH, ROUNDS, SCALE, NODE_FLAGS } = loadConfig({
    service: 'bench',
    variables,
    env: process.env,
    args: process.argv.slice(2),
  });
  const nodeFlags = NODE_FLAGS.split(' ').filter((flag) => flag !== '');
  return { row: BENCH, rounds: ROUNDS, scale: SCALE, nodeFlags };
}

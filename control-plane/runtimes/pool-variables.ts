import { integerVariable } from '@steppe/service-kit/config/variables';
import * as z from 'zod';

/** What an operator configures about runtimes, also in local mode. */
export const poolVariables = {
  STEPPE_RUNTIMES: z
    .string()
    .optional()
    .describe('path of a JSON file that lists the runtimes; unset: python, node and python-data'),
  STEPPE_POOL_SIZE: integerVariable(0, 100)
    .default(1)
    .describe('desired warm instances of python and of node; the list of runtimes overrides it'),
  STEPPE_POOL_STARTS_AT_ONCE: integerVariable(1, 100)
    .default(2)
    .describe(
      'warm instances of one runtime that start at the same time; a larger number fills the pool sooner and delays cold starts',
    ),
};

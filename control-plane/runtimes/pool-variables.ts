import { integerVariable } from '@steppe/service-kit/config/variables';
import * as z from 'zod';

/** What an operator configures about runtimes, also in local mode. */
export const poolVariables = {
  STEPPE_RUNTIMES: z
    .string()
    .optional()
    .describe('path of the list of runtimes, JSON; unset: python, node and python-data'),
  STEPPE_POOL_SIZE: integerVariable(0, 100)
    .default(1)
    .describe('warm instances of python and of node, unless the list of runtimes says otherwise'),
  STEPPE_POOL_STARTS_AT_ONCE: integerVariable(1, 100)
    .default(2)
    .describe(
      'warm instances of one runtime that start at a time: more fill a pool sooner, and hold up sessions that start cold',
    ),
};

import type { Row } from './row.ts';
import { addedLatency } from './rows/added-latency.ts';
import { allocation } from './rows/allocation.ts';
import { coldRoutes } from './rows/cold-routes.ts';
import { stepCpu } from './rows/step-cpu.ts';
import { transfers } from './rows/transfers.ts';
import { waitingSteps } from './rows/waiting-steps.ts';

/** Every row, in the order of the report. */
export const rows: readonly Row[] = [
  stepCpu,
  addedLatency,
  allocation,
  waitingSteps,
  coldRoutes,
  transfers,
];

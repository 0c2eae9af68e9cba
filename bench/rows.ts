import type { Row } from './row.ts';
import { addedLatency } from './rows/added-latency.ts';
import { agentMemory } from './rows/agent-memory.ts';
import { agentStep } from './rows/agent-step.ts';
import { allocation } from './rows/allocation.ts';
import { busySessions } from './rows/busy-sessions.ts';
import { coldRoutes } from './rows/cold-routes.ts';
import { creates } from './rows/creates.ts';
import { drivers } from './rows/drivers.ts';
import { manySessions } from './rows/many-sessions.ts';
import { output } from './rows/output.ts';
import { reconcilerPass } from './rows/reconciler-pass.ts';
import { routedStep } from './rows/routed-step.ts';
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
  routedStep,
  agentStep,
  busySessions,
  creates,
  drivers,
  agentMemory,
  output,
  manySessions,
  reconcilerPass,
];

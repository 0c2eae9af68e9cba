import { controlPlaneBugs } from './control-plane-bugs.ts';
import { dataPlaneBugs } from './data-plane-bugs.ts';
import { foundBugs } from './found-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { provisionerBugs } from './provisioner-bugs.ts';
import { sessionAgentBugs } from './session-agent-bugs.ts';
import { sessionStoreBugs } from './session-store-bugs.ts';

/** The bugs that a night's simulator must find: each area of the product has its own table. */
export const plantedBugs: readonly PlantedBug[] = [
  ...dataPlaneBugs,
  ...controlPlaneBugs,
  ...sessionStoreBugs,
  ...provisionerBugs,
  ...foundBugs,
  ...sessionAgentBugs,
];

import type { WorldView } from '../history/world-view.ts';

/** The sessions that each tenant may have at a time. */
export const sessionQuota = 3;
/** Instances without a session that the control-planes keep. */
export const poolSize = 2;
/** The control-planes' configuration: shorter than its defaults, so that more happens in a run. */
export const controlPlaneTimes: WorldView['times'] & { endMs: number } = {
  provisioningMs: 30_000,
  endMs: 10_000,
  graceMs: 10_000,
  intervalMs: 20_000,
  leaseMs: 60_000,
};
/** How old an eventually consistent read may be. */
export const staleMs = 500;

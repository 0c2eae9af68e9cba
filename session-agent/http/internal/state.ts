import type { AgentState } from '@steppe/contracts/internal';
import { controlPlaneRoute } from '../route.ts';

export const state = controlPlaneRoute((c, { interpreter, lifetime }) => {
  const { epoch, state } = interpreter;
  return c.json({
    epoch,
    state,
    last_active_at: new Date(lifetime.lastActiveAtMs).toISOString(),
  } satisfies AgentState);
});

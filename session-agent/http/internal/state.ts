import type { AgentState } from '@steppe/contracts/internal';
import { requireControlPlane } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';

export const state: Operation =
  ({ verifier, interpreter, clock }) =>
  async (c) => {
    await requireControlPlane(c, verifier);
    const { epoch, state } = interpreter;
    return c.json({
      epoch,
      state,
      last_active_at: new Date(clock.lastActiveAtMs).toISOString(),
    } satisfies AgentState);
  };

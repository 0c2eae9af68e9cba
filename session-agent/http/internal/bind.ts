import { type BindResponse, bindRequestSchema } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { requireControlPlane } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';

/** Gives the instance its session, once in its life. */
export const bind: Operation =
  ({ instanceId, verifier, binding, interpreter }) =>
  async (c) => {
    await requireControlPlane(c, verifier);
    binding.bind(await readJson(c, bindRequestSchema, { maxBytes: limits.requestBodyBytes }));
    return c.json({ instance_id: instanceId, epoch: interpreter.epoch } satisfies BindResponse);
  };

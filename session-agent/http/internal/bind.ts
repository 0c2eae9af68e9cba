import { type BindResponse, bindRequestSchema } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { controlPlaneRoute } from '../route.ts';

/** Gives the instance its session, once in its life. */
export const bind = controlPlaneRoute(async (c, { instanceId, binding, interpreter }) => {
  binding.bind(await readJson(c, bindRequestSchema, { maxBytes: limits.requestBodyBytes }));
  return c.json({ instance_id: instanceId, epoch: interpreter.epoch } satisfies BindResponse);
});

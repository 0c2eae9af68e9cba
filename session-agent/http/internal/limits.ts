import { limitsRequestSchema } from '@steppe/contracts/internal';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { controlPlaneRoute } from '../route.ts';

/** Changes how long the session lives. */
export const limits = controlPlaneRoute(async (c, { lifetime }) => {
  lifetime.change(await readJson(c, limitsRequestSchema, { maxBytes: 4096 }));
  return c.body(null, 204);
});

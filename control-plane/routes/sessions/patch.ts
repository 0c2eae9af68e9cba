import { limits } from '@steppe/contracts/limits';
import { patchSessionSchema } from '@steppe/contracts/session';
import { readJson } from '@steppe/service-kit/read-json';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { patchSession } from '../../sessions/patch-session.ts';
import { authorised, readSessionId } from '../authorised.ts';

export const patch = authorised('patch_session', async ({ c, principal, services }) => {
  refuseQuery(c.req.url);
  const id = readSessionId(c);
  const body = await readJson(c.req.raw, patchSessionSchema, { maxBytes: limits.requestBodyBytes });
  return c.json(await patchSession(services, principal.tenantId, id, body));
});

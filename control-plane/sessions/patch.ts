import { patchSessionSchema } from '@steppe/contracts/session';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { authorised, readSessionId } from '../authorised.ts';
import { patchSession } from './patch-session.ts';

export const patch = authorised('patch_session', async ({ c, principal, services, readBody }) => {
  refuseQuery(c.req.url);
  const id = readSessionId(c);
  return c.json(
    await patchSession(services, principal.tenantId, id, () => readBody(patchSessionSchema)),
  );
});

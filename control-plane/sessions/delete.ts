import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { authorised, readSessionId } from '../authorised.ts';
import { endSession } from './end-session.ts';

export const remove = authorised('delete_session', async ({ c, principal, services }) => {
  refuseQuery(c.req.url);
  await endSession(services, principal.tenantId, readSessionId(c));
  return c.body(null, 204);
});

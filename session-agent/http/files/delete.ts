import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { sessionRoute } from '../route.ts';
import { fileOf } from './file-path.ts';
import { checkOf, readConditions } from './preconditions.ts';

export const deleteFile = sessionRoute(async (c, _session, { lifetime, workspace }) => {
  refuseQuery(c.req.url);
  const conditions = readConditions(c);
  const segments = fileOf(c);
  lifetime.refuseExpired();
  lifetime.touch();
  await workspace.remove(segments, checkOf(conditions));
  return c.body(null, 204);
});

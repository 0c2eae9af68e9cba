import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { requireSession } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';
import { fileOf } from './file-path.ts';
import { checkOf, readConditions } from './preconditions.ts';

export const deleteFile: Operation =
  ({ verifier, binding, clock, workspace }) =>
  async (c) => {
    await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const conditions = readConditions(c);
    const segments = fileOf(c);
    clock.refuseExpired();
    clock.touch();
    await workspace.remove(segments, checkOf(conditions));
    return c.body(null, 204);
  };

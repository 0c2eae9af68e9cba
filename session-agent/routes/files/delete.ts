import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import type { Operation } from '../routes.ts';
import { fileOf } from './file-path.ts';

export const deleteFile: Operation =
  ({ verifier, binding, clock, workspace }) =>
  async (c) => {
    await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const segments = fileOf(c);
    clock.refuseExpired();
    clock.touch();
    await workspace.remove(segments);
    return c.body(null, 204);
  };

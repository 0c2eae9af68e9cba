import type { FileEntry } from '@steppe/contracts/file';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import { fileTooLarge } from '../../workspace/limit-bytes.ts';
import type { Operation } from '../routes.ts';
import { fileOf } from './file-path.ts';

/** Writes a file, streamed: 201 for a new one, 200 where it replaces one. */
export const putFile: Operation =
  ({ verifier, binding, clock, workspace, maxFileBytes }) =>
  async (c) => {
    await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const segments = fileOf(c);
    clock.refuseExpired();
    clock.touch();
    if (Number(c.req.header('content-length') ?? 0) > maxFileBytes) throw fileTooLarge(maxFileBytes);
    const { incoming } = c.env;
    if (!incoming) throw new TypeError('not served over HTTP');
    const { created, entry } = await workspace.writeFile(segments, incoming, maxFileBytes);
    return c.json(entry satisfies FileEntry, created ? 201 : 200);
  };

import { fileListQuerySchema } from '@steppe/contracts/file';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import { segmentsOf } from '../../workspace/file-path.ts';
import { listEntries } from '../../workspace/file-system/list-entries.ts';
import { requireSession } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';

/**
 * Lists a directory of the workspace; a cursor is the path of the last entry of the page before.
 */
export const listFiles: Operation =
  ({ verifier, binding, clock, workspace }) =>
  async (c) => {
    await requireSession(c, verifier, binding);
    clock.touch();
    const { path, recursive, limit, cursor } = parseInput(
      fileListQuerySchema,
      readQuery(c.req.url),
      'query',
    );
    const after = cursor === undefined ? undefined : segmentsOf(cursor);
    const { entries, more } = await listEntries(workspace.root, segmentsOf(path), {
      recursive,
      limit,
      after,
    });
    return c.json({ entries, next_cursor: more ? (entries.at(-1)?.path ?? null) : null });
  };

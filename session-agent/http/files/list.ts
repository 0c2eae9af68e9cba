import { fileListQuerySchema } from '@steppe/contracts/file';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import { segmentsOf } from '../../workspace/file-path.ts';
import { sessionRoute } from '../route.ts';

/** Lists a directory of the workspace; a cursor is the path of the last entry of a page. */
export const listFiles = sessionRoute(async (c, _session, { lifetime, workspace }) => {
  lifetime.touch();
  const query = parseInput(fileListQuerySchema, readQuery(c.req.url), 'query');
  const { path, recursive, limit, cursor } = query;
  const after = cursor === undefined ? undefined : segmentsOf(cursor);
  const options = { recursive, limit, after };
  const { entries, more } = await workspace.list(segmentsOf(path), options);
  return c.json({ entries, next_cursor: more ? (entries.at(-1)?.path ?? null) : null });
});

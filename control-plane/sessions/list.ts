import { metadataFilterSchema } from '@steppe/contracts/fields';
import { listSessionsQuerySchema } from '@steppe/contracts/session';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { readQuery } from '@steppe/service-kit/http/read-query';
import * as z from 'zod';
import { authorised } from '../authorised.ts';
import { listSessions } from './list-sessions.ts';

const prefix = 'metadata.';
const filterSchema = z.object({ metadata: metadataFilterSchema });

export const list = authorised('list_sessions', async ({ c, principal, services }) => {
  const pairs = Object.entries(readQuery(c.req.url));
  const wanted = pairs
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value]);
  const { metadata } = parseInput(filterSchema, { metadata: Object.fromEntries(wanted) }, 'query');
  const others = Object.fromEntries(pairs.filter(([name]) => !name.startsWith(prefix)));
  const { limit, cursor, state } = parseInput(listSessionsQuerySchema, others, 'query');
  return c.json(
    await listSessions(services, principal.tenantId, { limit, cursor, state, metadata }),
  );
});

import { expect, it } from 'vitest';
import { createLogger } from '../process/logger.ts';
import { realParts } from '../testing/real-parts.ts';
import { createApi } from './create-api.ts';

const app = createApi({
  operations: {
    get_file: { method: 'GET', path: '/files/*', handle: (c) => c.text('file') },
    put_file: { method: 'PUT', path: '/files/*', handle: (c) => c.text('written') },
    list: { method: 'GET', path: '/files', handle: (c) => c.text('list') },
  },
  logger: createLogger({ service: 'test', level: 'silent' }),
  metrics: { observe: () => {} },
  ...realParts,
});

it.each(['a', 'a/b/c', 'a%20b', 'a%0Ab', '%0A', 'a%2Fb', '%E2%80%A8', 'a/'])(
  'accepts %s as the rest of the path',
  async (rest) => {
    expect(await (await app.request(`/files/${rest}`)).text()).toBe('file');
    expect((await app.request(`/files/${rest}`, { method: 'POST' })).headers.get('allow')).toBe(
      'GET, HEAD, PUT',
    );
  },
);

it('refuses an empty rest', async () => {
  expect((await app.request('/files/')).status).toBe(404);
  expect(await (await app.request('/files')).text()).toBe('list');
});

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { fetchDigest } from './fetch-digest.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

test('returns the digest that a registry gives for a tag', async () => {
  const host = await serve((request, response) => {
    expect(request.headers.accept).toContain('image.index');
    response.setHeader('docker-content-digest', digest);
    response.writeHead(request.url === '/v2/library/node/manifests/24' ? 200 : 404).end();
  });
  expect(await fetchDigest(`${host}/library/node:24`)).toBe(digest);
  await expect(fetchDigest(`${host}/library/node:99`)).rejects.toThrow('status 404');
});

test('fetches the anonymous token that a registry requires', async () => {
  const host = await serve((request, response) => {
    if (request.url === '/token?service=registry&scope=repository%3Anode%3Apull')
      return response.end(JSON.stringify({ token: 'secret' }));
    if (request.headers.authorization === 'Bearer secret')
      return response.setHeader('docker-content-digest', digest).end();
    const parameters = `realm="http://${request.headers.host}/token",service="registry"`;
    response.setHeader('www-authenticate', `Bearer ${parameters},scope="repository:node:pull"`);
    return response.writeHead(401).end();
  });
  expect(await fetchDigest(`${host}/node:24`)).toBe(digest);
});

test('refuses an invalid digest, and a name without a tag', async () => {
  const host = await serve((_, response) =>
    response.setHeader('docker-content-digest', 'sha256:0').end(),
  );
  await expect(fetchDigest(`${host}/node:24`)).rejects.toThrow('no sha256 digest');
  await expect(fetchDigest(`${host}/node`)).rejects.toThrow('is not HOST/REPOSITORY:TAG');
});

async function serve(
  respond: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void respond(request, response));
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

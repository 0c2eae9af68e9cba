import { createDocument } from '@steppe/openapi/create-document';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../testing/call.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeAll(async () => {
  plane = await startTestDataPlane();
});
afterAll(() => plane.closeAll());

test('/openapi.json returns the document without a token', async () => {
  const { status, headers, text } = await call(plane.port, { path: '/openapi.json' });
  expect([status, headers['content-type']]).toEqual([200, 'application/json']);
  expect(JSON.parse(text)).toEqual(createDocument());
});

test('/docs is a page for people, and its policy lets a browser fetch nothing', async () => {
  const { status, headers, text } = await call(plane.port, { path: '/docs' });
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8']);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none';/);
  expect(text).toMatch(/<h1>Steppe API/);
});

test('neither accepts any method that is not a read', async () => {
  for (const path of ['/openapi.json', '/docs']) {
    const { status, headers } = await call(plane.port, { method: 'POST', path });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await call(plane.port, { method: 'HEAD', path })).status).toBe(200);
  }
});

test('both have their own operation names in the log', () => {
  expect(new Set(plane.requests().map(({ operation }) => operation))).toEqual(
    new Set(['get_openapi', 'get_docs', 'none']),
  );
});

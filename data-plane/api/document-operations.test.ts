import { createDocument } from '@steppe/openapi/create-document';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../testing/call.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeAll(async () => {
  plane = await startTestDataPlane();
});
afterAll(() => plane.closeAll());

const load = (path: string, headers = {}) => call(plane.port, { path, headers });

/** The addresses that the page loads, resolved as a browser does. */
async function assetsOfPage(): Promise<URL[]> {
  const { text } = await load('/docs');
  const origin = `http://127.0.0.1:${plane.port}`;
  return [...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(
    ([, reference]) => new URL(reference ?? '', `${origin}/docs`),
  );
}

test('/openapi.json returns the document without a token', async () => {
  const { status, headers, text } = await load('/openapi.json');
  expect([status, headers['content-type']]).toEqual([200, 'application/json']);
  // Compared as JSON, which leaves out what is undefined.
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(createDocument())));
});

test('/docs is a page whose files all come from its own origin', async () => {
  const { status, headers, text } = await load('/docs');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8']);
  expect(text).not.toMatch(/https?:|<style|<script>|style=| on\w+=/);
  const assets = await assetsOfPage();
  expect(assets.map(({ pathname }) => pathname)).toEqual([
    '/docs/swagger-ui.css',
    '/docs/swagger-ui-bundle.js',
    '/docs/start.js',
  ]);
  for (const { port, pathname } of assets) {
    expect(port).toBe(String(plane.port));
    const asset = await load(pathname);
    expect(asset.status).toBe(200);
    expect(asset.headers['content-type']).toMatch(/^text\/(css|javascript)/);
    expect(Buffer.byteLength(asset.text)).toBe(Number(asset.headers['content-length']));
  }
});

test('the script of the page loads the document of this server and contacts no other host', async () => {
  const { text } = await load('/docs/start.js');
  expect(text).toContain("url: 'openapi.json'");
  expect(text).toContain('validatorUrl: null');
  expect(text).not.toMatch(/https?:/);
  expect((await load('/openapi.json')).text).not.toMatch(/"https?:/);
});

test('the policy of the page lets a browser load from this origin only, and nothing inline', async () => {
  for (const path of ['/docs', '/docs/start.js', '/docs/swagger-ui-bundle.js']) {
    const policy = String((await load(path)).headers['content-security-policy']);
    const sources = Object.fromEntries(
      policy.split('; ').map((directive) => directive.split(/ (.*)/s).slice(0, 2)),
    );
    expect(sources).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self' data:",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
  }
});

test('a browser that has a file already gets 304', async () => {
  for (const path of ['/openapi.json', '/docs', '/docs/swagger-ui-bundle.js']) {
    const { etag } = (await load(path)).headers;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await load(path, { 'if-none-match': tags });
      expect([again.status, again.headers.etag, again.text]).toEqual([304, etag, '']);
    }
    expect((await load(path, { 'if-none-match': '"other"' })).status).toBe(200);
  }
});

test('no file accepts a method that is not a read', async () => {
  for (const path of ['/openapi.json', '/docs', '/docs/start.js']) {
    const { status, headers } = await call(plane.port, { method: 'POST', path });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await call(plane.port, { method: 'HEAD', path })).status).toBe(200);
  }
});

test('no other file of the directory is served', async () => {
  for (const path of ['/docs/swagger-ui/LICENSE', '/docs/index.html', '/docs/..%2fdata-plane.mjs'])
    expect((await load(path)).status).toBe(404);
});

test('each file has its own operation name in the log', () => {
  expect(new Set(plane.requests().map(({ operation }) => operation))).toEqual(
    new Set([
      'get_openapi',
      'get_docs',
      'get_docs_start',
      'get_docs_script',
      'get_docs_style',
      'none',
    ]),
  );
});

import { expect, test } from 'vitest';
import { createDocument } from '../create-document.ts';
import { publicErrorCodes } from '../error-codes.ts';
import { renderPage } from './render-page.ts';

const document = createDocument();
const page = renderPage(document);

test('the page describes every call, error and schema', () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const calls = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  const schemas = Object.keys(document.components.schemas).map((name) => `schema-${name}`);
  expect([...calls, ...schemas].filter((id) => !ids.has(id))).toEqual([]);
  expect(
    publicErrorCodes.filter((code) => !page.includes(`<td><code>${code}</code></td>`)),
  ).toEqual([]);
});

test('its links lead to anchors on the page', () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id ?? '');
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((id) => !ids.has(id))).toEqual([]);
});

test('it explains each variable of its samples', () => {
  const used = new Set([...page.matchAll(/\$[A-Z_]+/g)].map(([variable]) => variable));
  expect(used.size).toBeGreaterThan(2);
  expect([...used].filter((variable) => !page.includes(`<code>${variable}</code> is `))).toEqual(
    [],
  );
});

test('it works without a network: it has no script and fetches nothing', () => {
  expect(page).not.toMatch(/<script|<link|<img|url\(|src=|https?:/);
});

test('text of the document is escaped, never treated as markup', () => {
  const { info } = document;
  expect(renderPage({ ...document, info: { ...info, description: '<b>&"`<i>`' } })).toContain(
    '&lt;b&gt;&amp;&quot;<code>&lt;i&gt;</code>',
  );
});

import { errorKinds } from '@steppe/contracts/errors';
import type { Document, Operation } from '../document.ts';
import { errorTexts, publicErrorCodes } from '../error-codes.ts';
import { escapeHtml, renderTable, renderText, renderWords } from './html.ts';
import { renderOperation } from './render-operation.ts';
import { renderSchema } from './render-schema.ts';
import { style } from './style.ts';

interface Listed {
  method: string;
  path: string;
  operation: Operation;
}

/** Renders the document as one page for people: no script, nothing fetched. */
export function renderPage(document: Document): string {
  const { info, tags, paths, components } = document;
  const all: Listed[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const groups = tags.map((tag) => ({
    ...tag,
    listed: all.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(info.title)} API</title>
<style>${style}</style>
</head>
<body>
<nav>
<a class="title" href="#top">${escapeHtml(info.title)} API</a>
${groups.map(({ name, listed }) => `<h2>${name}</h2>${listed.map(navLink).join('')}`).join('\n')}
<h2>reference</h2><a href="#errors">Errors</a>${Object.keys(components.schemas)
    .map((name) => `<a href="#schema-${name}">${name}</a>`)
    .join('')}
</nav>
<main id="top">
<h1>${escapeHtml(info.title)} API, version ${escapeHtml(info.version)}</h1>
${renderText(info.description)}
<p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
${groups
  .map(
    ({ name, description, listed }) => `<h2>${name}</h2>${renderText(description)}
${listed.map(({ method, path, operation }) => renderOperation(document, method, path, operation)).join('\n')}`,
  )
  .join('\n')}
<h2 id="errors">errors</h2>
${renderTable(
  ['status', 'code', 'when', 'retryable'],
  publicErrorCodes.map((code) => [
    String(errorKinds[code].status),
    `<code>${code}</code>`,
    renderWords(errorTexts[code].when),
    errorKinds[code].retryable ? 'yes' : 'no, unless it says so',
  ]),
)}
<h2>schemas</h2>
${Object.entries(components.schemas)
  .map(([name, schema]) => renderSchema(name, schema))
  .join('\n')}
</main>
</body>
</html>
`;
}

const navLink = ({ method, operation: { operationId, summary } }: Listed): string =>
  `<a href="#${operationId}"><b class="${method}">${method.toUpperCase()}</b> ${escapeHtml(summary)}</a>`;

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { respond, streamedResponse } from '@steppe/service-kit/http/call';
import type { ApiOperation } from '@steppe/service-kit/http/route-table';

/** The page loads files of its own origin only and runs no inline script; the browser enforces it. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A file of the docs directory, and where it is served. */
interface DocsFile {
  path: string;
  file: string;
  type: string;
}

const javaScript = 'text/javascript; charset=UTF-8';

const docsFiles = {
  get_openapi: { path: '/openapi.json', file: 'openapi.json', type: 'application/json' },
  get_docs: { path: '/docs', file: 'index.html', type: 'text/html; charset=UTF-8' },
  get_docs_start: { path: '/docs/start.js', file: 'start.js', type: javaScript },
  get_docs_script: {
    path: '/docs/swagger-ui-bundle.js',
    file: 'swagger-ui/swagger-ui-bundle.js',
    type: javaScript,
  },
  get_docs_style: {
    path: '/docs/swagger-ui.css',
    file: 'swagger-ui/swagger-ui.css',
    type: 'text/css; charset=UTF-8',
  },
} satisfies Record<string, DocsFile>;

/**
 * The OpenAPI document and its page. They are the same for every caller and need no token.
 * @param directory the files, as tools/bundle.mjs writes them beside the bundle
 */
export const createDocumentOperations = (directory: string): Record<string, ApiOperation> =>
  Object.fromEntries(
    Object.entries(docsFiles).map(([name, given]) => [name, createFileOperation(directory, given)]),
  );

/** Streams the file from the disk for each response: no file stays in memory. */
function createFileOperation(directory: string, { path, file, type }: DocsFile): ApiOperation {
  const source = join(directory, file);
  let known: { etag: string; bytes: number } | undefined;
  return {
    method: 'GET',
    path,
    async handle(call) {
      known ??= await describeFile(source);
      const { etag, bytes } = known;
      const headers = {
        'content-type': type,
        'Content-Security-Policy': pagePolicy,
        'Cache-Control': 'no-cache',
        ETag: etag,
      };
      if (isKnown(call.incoming.headers['if-none-match'], etag)) return respond(call, 304, headers);
      const sized = { ...headers, 'content-length': String(bytes) };
      if (call.method === 'HEAD') return respond(call, 200, sized);
      const outgoing = streamedResponse(call).writeHead(200, sized);
      // The client left, or the file cannot be read: an aborted response is not taken for whole.
      await pipeline(createReadStream(source), outgoing).catch(() => outgoing.destroy());
    },
  };
}

async function describeFile(source: string): Promise<{ etag: string; bytes: number }> {
  const content = await readFile(source);
  const digest = createHash('sha256').update(content).digest('base64url').slice(0, 22);
  return { etag: `"${digest}"`, bytes: content.length };
}

/** Whether `If-None-Match` names the tag; a proxy that compresses makes a tag weak. */
const isKnown = (ifNoneMatch = '', etag: string): boolean =>
  ifNoneMatch.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));

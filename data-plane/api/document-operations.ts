import { createDocument } from '@steppe/openapi/create-document';
import { renderPage } from '@steppe/openapi/page/render-page';
import type { ApiOperation } from '@steppe/service-kit/http/create-api';

/** The page has no script and fetches nothing; the browser enforces that. */
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** The OpenAPI document and its page. They are the same for every caller and need no token. */
export function createDocumentOperations(): Record<string, ApiOperation> {
  let made: { json: string; page: string } | undefined;
  // Build the document at the first request: few data-planes ever serve it.
  const make = () => {
    const document = createDocument();
    made ??= { json: `${JSON.stringify(document, null, 2)}\n`, page: renderPage(document) };
    return made;
  };
  return {
    get_openapi: {
      method: 'GET',
      path: '/openapi.json',
      handle: (c) => c.body((made ?? make()).json, 200, { 'Content-Type': 'application/json' }),
    },
    get_docs: {
      method: 'GET',
      path: '/docs',
      handle: (c) => c.html((made ?? make()).page, 200, { 'Content-Security-Policy': pagePolicy }),
    },
  };
}

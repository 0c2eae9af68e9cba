import { type Call, respond } from '../call.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Headers of responses that a page can read, besides those that browsers always show. */
export const exposedHeaders: readonly string[] = [
  'Accept-Ranges',
  'Allow',
  'Content-Range',
  'ETag',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'Steppe-Dropped-Bytes',
  'Steppe-Step-Id',
  'WWW-Authenticate',
  'X-Request-Id',
];

export const preflightSeconds = 600;

/**
 * Lets pages of these origins call from a browser: their preflights get a response here, before any
 * authentication, and the pages can read every response. A page brings its own token, so the
 * browser's credentials are not allowed.
 * @returns whether it responded to a call that is a preflight.
 */
export function allowOrigins(origins: readonly string[]): (call: Call) => boolean {
  return (call) => {
    const { headers } = call;
    const { origin } = call.incoming.headers;
    // A cache must not serve the response for one origin to another, nor to a request without one.
    headers.vary = 'Origin';
    if (origin === undefined || !origins.includes(origin)) return false;
    headers['access-control-allow-origin'] = origin;
    if (isPreflight(call)) {
      respondPreflight(call);
      return true;
    }
    headers['access-control-expose-headers'] = exposedHeaders.join(', ');
    return false;
  };
}

/** An OPTIONS request without that header is a request like any other. */
const isPreflight = ({ method, incoming }: Call): boolean =>
  method === 'OPTIONS' && incoming.headers['access-control-request-method'] !== undefined;

/** Any header may be sent: a header that we do not read has no effect. */
function respondPreflight(call: Call): void {
  const requested = call.incoming.headers['access-control-request-headers'];
  respond(call, 204, {
    'access-control-allow-methods': methods.join(','),
    'access-control-max-age': String(preflightSeconds),
    ...(typeof requested === 'string' && {
      'access-control-allow-headers': requested,
      vary: 'Origin, Access-Control-Request-Headers',
    }),
  });
}

import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { METHOD_NAME_ALL } from 'hono/router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { getPath, tryDecodeURIComponent } from 'hono/utils/url';
import { AppError } from './app-error.ts';
import type { Call } from './call.ts';

/** Writes the response; what it throws becomes one. */
export type Handler = (call: Call) => void | Promise<void>;

export interface ApiOperation {
  method: string;
  /** `:name` stands for one segment, a final `*` for a rest that is not empty. */
  path: string;
  handle: Handler;
}

interface NamedOperation {
  name: string;
  handle: Handler;
}

/** The operations at one path, by method. */
type Methods = Map<string, NamedOperation>;

/**
 * Finds the operation that a call is for, and names it in the call with the parameters of its path.
 * @throws AppError `route_not_found` or `method_not_allowed`
 */
export type RouteTable = (call: Call) => Handler;

/** @param operations keyed by their names. */
export function createRouteTable(operations: Record<string, ApiOperation>): RouteTable {
  const router = new RegExpRouter<Methods>();
  for (const [path, methods] of byPath(operations)) router.add(METHOD_NAME_ALL, path, methods);
  return (call) => {
    const [matches, stash] = router.match(METHOD_NAME_ALL, routedPath(call.pathname));
    const match = matches[0];
    if (!match) throw new AppError('route_not_found', errorMessages.route_not_found());
    const [methods, places] = match;
    const operation = methods.get(call.method);
    if (!operation) throw methodNotAllowed(call.method, methods);
    call.operation = operation.name;
    call.params = readParams(places, stash);
    return operation.handle;
  };
}

function byPath(operations: Record<string, ApiOperation>): Map<string, Methods> {
  const paths = new Map<string, Methods>();
  for (const [name, { method, path, handle }] of Object.entries(operations)) {
    // A file's name may contain a line break, which a dot does not match.
    const pattern = path.replace(/\*$/, ':rest{[\\s\\S]+}');
    const methods = paths.get(pattern) ?? new Map();
    paths.set(pattern, methods);
    // The handler of GET responds to HEAD too: Node leaves the body out.
    if (method !== 'HEAD') methods.set(method, { name, handle });
    if (method === 'GET') methods.set('HEAD', { name, handle });
  }
  return paths;
}

/** Hono routes by the decoded path. Its function reads nothing but the URL of a request. */
const routedPath = (pathname: string): string =>
  pathname.includes('%') ? getPath({ url: `http://host${pathname}` } as Request) : pathname;

function readParams(
  places: Record<string, string | number>,
  stash: readonly string[] = [],
): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name in places)
    params[name] = tryDecodeURIComponent(stash[Number(places[name])] ?? '');
  return params;
}

function methodNotAllowed(method: string, methods: Methods): AppError {
  const allow = [...methods.keys()].sort().join(', ');
  return new AppError('method_not_allowed', errorMessages.method_not_allowed(method, allow), {
    headers: { Allow: allow },
  });
}

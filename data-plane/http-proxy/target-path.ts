/**
 * The path and query that are forwarded: those of the URL that was routed and authorised, in which
 * `..` and `%2e%2e` are resolved, and never the request line, in which they are not.
 */
export function targetPath(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

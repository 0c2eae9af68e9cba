/**
 * The path and query to forward: those of the URL that was routed and authorised. Hono has resolved
 * `..` and `%2e%2e` in it; the raw request line still contains them.
 */
export function targetPath(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/**
 * The path and query that are forwarded: those of the URL that was routed and authorised. Hono
 * resolves `..` and `%2e%2e` in it; the raw request line still has them.
 */
export function targetPath(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

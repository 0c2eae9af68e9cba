const always: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Which headers end at this hop: the fixed ones and those that `connection` names (RFC 9110,
 * section 7.6.1).
 */
export function hopByHop(connection: string | undefined): (name: string) => boolean {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection))
    return (name) => always.has(name);
  const named = new Set(connection.toLowerCase().split(/[\s,]+/));
  return (name) => always.has(name) || named.has(name);
}

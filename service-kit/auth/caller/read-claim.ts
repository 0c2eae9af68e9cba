/**
 * Finds a claim by its exact name (`https://example.com/tenant`) or by a dotted path
 * (`realm_access.roles`). The names on the path may themselves contain dots
 * (`kubernetes.io.namespace`): if several ways lead to a value, the one with the longest first name
 * wins.
 */
export function readClaim(claims: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const below = Object.hasOwn(claims, name) ? claims[name] : undefined;
    const value = isRecord(below) ? readClaim(below, path.slice(dot + 1)) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

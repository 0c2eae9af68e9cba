import type { IncomingMessage } from 'node:http';
import type { Refusal } from './malformed-request.ts';

/** As many as Node reads by default; it drops further ones silently. */
const mostLines = 2_000;
const mostValueBytes = 4 * 1024;

/**
 * Only the limit of all headers together bounds these: tokens may be large, and nothing here reads
 * the others.
 */
const isUnbounded = (name: string): boolean =>
  name === 'authorization' || name === 'cookie' || name === 'baggage' || name.startsWith('x-');

/**
 * @returns the reason to refuse headers that are small enough in total but too large one by one.
 */
export function whyTooManyHeaders({ rawHeaders }: IncomingMessage): Refusal | undefined {
  if (rawHeaders.length > 2 * mostLines) {
    const details = { limit: 'header_lines', max_lines: mostLines };
    return { status: 431, message: `the request has more than ${mostLines} header lines`, details };
  }
  const name = findLongValue(rawHeaders);
  if (name === undefined) return undefined;
  const details = { limit: 'header_value', header: name, max_bytes: mostValueBytes };
  return {
    status: 431,
    message: `the header ${name} is larger than ${mostValueBytes} bytes`,
    details,
  };
}

/** Lines with the same name count together, because they are read as one value. */
function findLongValue(rawHeaders: readonly string[]): string | undefined {
  let total = 0;
  for (let i = 1; i < rawHeaders.length; i += 2) total += 2 + (rawHeaders[i]?.length ?? 0);
  if (total <= mostValueBytes) return undefined;
  const sizes = new Map<string, number>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const size = (sizes.get(name) ?? -2) + 2 + (rawHeaders[i + 1]?.length ?? 0);
    if (size > mostValueBytes && !isUnbounded(name)) return name;
    sizes.set(name, size);
  }
  return undefined;
}

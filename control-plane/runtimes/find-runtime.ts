import { AppError } from '@steppe/service-kit/http/app-error';
import type { RuntimeDefinition } from './runtime-definition.ts';

const aliases: ReadonlyMap<string, string> = new Map([
  ['python3', 'python'],
  ['py', 'python'],
  ['javascript', 'node'],
  ['js', 'node'],
  ['typescript', 'node'],
  ['ts', 'node'],
]);

/**
 * The runtime with this name or alias.
 * @throws AppError `invalid_request` that lists the known runtimes.
 */
export function findRuntime(
  runtimes: readonly RuntimeDefinition[],
  name: string,
): RuntimeDefinition {
  const named = (wanted: string | undefined) => runtimes.find((runtime) => runtime.name === wanted);
  const found = named(name) ?? named(aliases.get(name));
  if (found) return found;
  const known = runtimes.map((runtime) => runtime.name);
  const message = `there is no runtime ${name}; the known ones are ${known.join(', ')}`;
  throw new AppError('invalid_request', message, {
    details: { issues: [{ path: 'runtime', message }], known },
  });
}

import { AppError } from '@steppe/service-kit/http/app-error';

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
export function findRuntime<R extends { name: string }>(runtimes: readonly R[], name: string): R {
  const named = (wanted: string | undefined) => runtimes.find((runtime) => runtime.name === wanted);
  const found = named(name) ?? named(aliases.get(name));
  if (found) return found;
  const known = runtimes.map((runtime) => runtime.name);
  const message = `there is no runtime ${name}; the known ones are ${known.join(', ')}`;
  throw new AppError('invalid_request', message, {
    details: { issues: [{ path: 'runtime', message }], known },
  });
}

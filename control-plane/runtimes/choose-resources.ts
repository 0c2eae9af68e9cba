import type { Resources } from '@steppe/contracts/fields';
import { limits } from '@steppe/contracts/limits';
import type { CreateSession, Runtime } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseQuantity } from './quantity.ts';

/** Whether the two have equal values, however they are written. */
export const sameResources = (a: Resources, b: Resources): boolean =>
  resourceKinds.every((kind) => parseQuantity(a[kind]) === parseQuantity(b[kind]));

export const resourceKinds = ['cpu', 'memory', 'ephemeral_storage'] as const;
type ResourceKind = (typeof resourceKinds)[number];

/** Why the quantity is too small to run anything; undefined if it is large enough. */
export function tooLittle(kind: ResourceKind, quantity: string): string | undefined {
  const least = limits.leastResources[kind];
  return parseQuantity(quantity) < parseQuantity(least)
    ? `is ${quantity}, and ${least} is the least`
    : undefined;
}

/**
 * The requested resources, with the runtime's defaults for the rest.
 * @throws AppError `invalid_request` if a quantity is below the minimum or above the maximum.
 */
export function chooseResources(
  runtime: Runtime,
  requested: CreateSession['resources'],
): Resources {
  const issues = resourceKinds.flatMap((kind) => {
    const quantity = requested[kind];
    const max = runtime.max_resources[kind];
    const path = `resources.${kind}`;
    if (quantity === undefined) return [];
    const complaint = tooLittle(kind, quantity);
    if (complaint) return [{ path, message: `${path} ${complaint}` }];
    if (parseQuantity(quantity) <= parseQuantity(max)) return [];
    return [{ path, message: `${path} is ${quantity}; ${runtime.name} allows at most ${max}` }];
  });
  const first = issues[0];
  if (first) throw new AppError('invalid_request', first.message, { details: { issues } });
  const { default_resources: fallback } = runtime;
  return {
    cpu: requested.cpu ?? fallback.cpu,
    memory: requested.memory ?? fallback.memory,
    ephemeral_storage: requested.ephemeral_storage ?? fallback.ephemeral_storage,
  };
}

import type { Resources } from '@steppe/contracts/fields';
import type { CreateSession, Runtime } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/app-error';
import { parseQuantity } from './quantity.ts';

/** Whether they come to the same, however they are written. */
export const sameResources = (a: Resources, b: Resources): boolean =>
  kinds.every((kind) => parseQuantity(a[kind]) === parseQuantity(b[kind]));

const kinds = ['cpu', 'memory', 'ephemeral_storage'] as const;

/** What was asked for, the runtime's defaults for the rest. @throws AppError `invalid_request` for zero and more than the maximum. */
export function chooseResources(runtime: Runtime, asked: CreateSession['resources']): Resources {
  const issues = kinds.flatMap((kind) => {
    const quantity = asked[kind];
    const max = runtime.max_resources[kind];
    const path = `resources.${kind}`;
    if (quantity === undefined) return [];
    if (parseQuantity(quantity) <= 0) return [{ path, message: `${path} must be more than 0` }];
    if (parseQuantity(quantity) <= parseQuantity(max)) return [];
    return [{ path, message: `${path} is ${quantity}, and ${runtime.name} may have ${max} at most` }];
  });
  const first = issues[0];
  if (first) throw new AppError('invalid_request', first.message, { details: { issues } });
  const { default_resources: fallback } = runtime;
  return {
    cpu: asked.cpu ?? fallback.cpu,
    memory: asked.memory ?? fallback.memory,
    ephemeral_storage: asked.ephemeral_storage ?? fallback.ephemeral_storage,
  };
}

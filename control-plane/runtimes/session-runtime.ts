import { hash } from 'node:crypto';
import type { Runtime } from '@steppe/contracts/session';
import type { RuntimeDefinition } from './runtime-definition.ts';

/** A runtime as the use cases see it: what sessions may request, and how many are kept warm. */
export interface SessionRuntime extends Runtime {
  /**
   * Identifies what instances are created from. A warm instance with another version was created
   * from something else.
   */
  version: string;
  /** The number of instances that are kept warm. */
  poolSize: number;
}

/**
 * Definitions that create the same instances have the same version.
 * @param fingerprint identifies what else the provisioner creates its instances from.
 */
export function toSessionRuntime(
  { poolSize, ...created }: RuntimeDefinition,
  fingerprint: string,
): SessionRuntime {
  const version = hash('sha256', JSON.stringify([created, fingerprint])).slice(0, 16);
  return { ...toRuntime(created), version, poolSize };
}

/** The part of a runtime that callers may see. */
export const toRuntime = ({
  name,
  language,
  default_resources,
  max_resources,
}: Runtime): Runtime => ({
  name,
  language,
  default_resources,
  max_resources,
});

import { hash } from 'node:crypto';
import type { RuntimeDefinition } from './runtime-definition.ts';

/**
 * Definitions that create the same instances have the same version. A warm instance with another
 * version was created from something else.
 */
export const runtimeVersion = ({ poolSize: _, ...made }: RuntimeDefinition): string =>
  hash('sha256', JSON.stringify(made)).slice(0, 16);

import { hash } from 'node:crypto';
import type { RuntimeDefinition } from './runtime-definition.ts';

/**
 * The same for what makes the same instances: a warm one of another version was made of something
 * else.
 */
export const runtimeVersion = ({ poolSize: _, ...made }: RuntimeDefinition): string =>
  hash('sha256', JSON.stringify(made)).slice(0, 16);

import { hash } from 'node:crypto';
import type { Runtime } from '@steppe/contracts/session';

/** The same for the same runtime: a warm instance of another version was made of something else. */
export const runtimeVersion = (runtime: Runtime): string => hash('sha256', JSON.stringify(runtime)).slice(0, 16);

import { fileURLToPath } from 'node:url';
import { images, readVersion, taggedName } from '../../../tools/images/definitions.ts';
import { findEngine } from '../../../tools/images/engine.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const version = readVersion(root);
export const engine = findEngine(root);
export const imageNames = images.map(({ name }) => name);
export const tagged = (name: string): string => taggedName('localhost', name, version);

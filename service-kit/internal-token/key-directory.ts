import { join } from 'node:path';
import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { decodeJwt, type JWTVerifyGetKey } from 'jose';
import { createKeySetFile, type KeySetFile } from '../key-set-file.ts';
import type { Logger } from '../logger.ts';

/** The file of a plane's public keys inside the directory. */
export const keyFileName = (plane: Plane): string => `${plane}.json`;

/** Public keys of both planes, from a directory of JSON Web Key Sets; each is read again as `createKeySetFile` does. */
export function createKeyDirectory(directory: string, logger: Logger, now?: () => number): JWTVerifyGetKey {
  const open = (plane: Plane) => createKeySetFile({ path: join(directory, keyFileName(plane)), logger, now });
  const files: Record<Plane, KeySetFile> = { 'control-plane': open('control-plane'), 'data-plane': open('data-plane') };
  return async (header, token) => {
    const plane = planeSchema.parse(decodeJwt(`${token.protected}.${token.payload}.${token.signature}`).iss);
    return files[plane].getKey(header, token);
  };
}

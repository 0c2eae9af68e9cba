import { join } from 'node:path';
import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { decodeJwt, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { createKeySetFile, type KeySetFile } from '../key-set-file.ts';

/** The file of a plane's public keys inside the directory. */
export const keyFileName = (plane: Plane): string => `${plane}.json`;

/**
 * Reads the public keys of both planes from a directory of JSON Web Key Sets; `createKeySetFile`
 * decides when each is read again.
 */
export function createKeyDirectory(
  directory: string,
  logger: Logger,
  clock: Clock,
): JWTVerifyGetKey {
  const files = openFiles(directory, logger, clock);
  return async (header, token) => {
    const plane = planeSchema.parse(
      decodeJwt(`${token.protected}.${token.payload}.${token.signature}`).iss,
    );
    return files[plane].getKey(header, token);
  };
}

/**
 * The current key sets, which a provisioner gives to its agents.
 * @throws Error that names the file without a key set.
 */
export async function openPublicKeys(
  directory: string,
  logger: Logger,
  clock: Clock,
): Promise<() => Promise<Record<Plane, JSONWebKeySet>>> {
  const files = openFiles(directory, logger, clock);
  const read = async () => ({
    'control-plane': await files['control-plane'].read(),
    'data-plane': await files['data-plane'].read(),
  });
  await read();
  return read;
}

function openFiles(directory: string, logger: Logger, clock: Clock): Record<Plane, KeySetFile> {
  const open = (plane: Plane) =>
    createKeySetFile({ path: join(directory, keyFileName(plane)), logger, clock });
  return { 'control-plane': open('control-plane'), 'data-plane': open('data-plane') };
}

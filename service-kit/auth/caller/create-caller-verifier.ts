import { tenantIdSchema } from '@steppe/contracts/ids';
import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { createKeySetFile } from '../key-set-file.ts';
import type { CallerConfig } from './caller-variables.ts';
import { createJwtVerifier } from './jwt-verifier.ts';
import { type CallerVerifier, createBypassVerifier } from './principal.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { usableKeys } from './usable-keys.ts';

/**
 * A key server may be unavailable at startup.
 * @throws Error if the file with the keys cannot be read or contains none.
 */
export async function createCallerVerifier(
  config: CallerConfig,
  logger: Logger,
  clock: Clock,
): Promise<CallerVerifier> {
  if (config.authMode === 'bypass')
    return createBypassVerifier(tenantIdSchema.parse(config.tenant), config.hosts);
  const keys =
    'url' in config.keys
      ? keysOfServer(config.keys.url, logger, clock)
      : await keysOfFile(config.keys.file, logger, clock);
  const onUnusable = (kid: string | undefined, err: unknown) =>
    logger.warn({ kid, err }, 'unusable key of the issuer; tokens that name it are rejected');
  return createJwtVerifier({ ...config, keys: usableKeys(keys, onUnusable, clock) }, clock);
}

const keysOfServer = (url: string, logger: Logger, clock: Clock): JWTVerifyGetKey =>
  createRemoteKeys({
    url,
    clock,
    onOutage(isOut, err) {
      if (isOut)
        logger.warn({ err, url }, 'issuer’s key server unavailable; verifying with cached keys');
      else logger.info({ url }, 'issuer’s key server available again');
    },
  });

async function keysOfFile(path: string, logger: Logger, clock: Clock): Promise<JWTVerifyGetKey> {
  const file = createKeySetFile({ path, logger, clock });
  await file.read();
  return file.getKey;
}

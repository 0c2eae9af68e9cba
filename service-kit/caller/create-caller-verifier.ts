import { readFile } from 'node:fs/promises';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { CallerConfig } from './caller-variables.ts';
import { createJwtVerifier } from './jwt-verifier.ts';
import { type CallerVerifier, createBypassVerifier } from './principal.ts';

/** @throws Error where the file with the keys cannot be read or holds none. */
export async function createCallerVerifier(config: CallerConfig): Promise<CallerVerifier> {
  if (config.authMode === 'bypass') return createBypassVerifier(tenantIdSchema.parse(config.tenant));
  const keys =
    'url' in config.keys
      ? createRemoteJWKSet(new URL(config.keys.url), { timeoutDuration: 5_000, cooldownDuration: 30_000 })
      : createLocalJWKSet(await readKeySet(config.keys.file));
  return createJwtVerifier({ ...config, keys });
}

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/** A JSON Web Key Set from a file. */
export async function readKeySet(file: string): Promise<JSONWebKeySet> {
  return keySetSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

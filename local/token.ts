import { type CryptoKey, importJWK } from 'jose';
import { signCallerToken } from './caller-token.ts';
import { readTokenConfig, stateDirectory } from './config.ts';
import { readRunFile } from './run-file.ts';

/** Prints a further token for the local mode that runs on PORT: alone on standard output. */
const { PORT, TENANT, SCOPES, TTL } = readTokenConfig();
const run = await readRunFile(stateDirectory, PORT);
if (run) {
  const key = (await importJWK(run.private_jwk, 'EdDSA')) as CryptoKey;
  process.stdout.write(`${await signCallerToken({ key, kid: run.kid, tenant: TENANT, scopes: SCOPES, ttlSeconds: TTL })}\n`);
} else {
  process.stderr.write(`token: nothing runs on port ${PORT}; start it with make run, or name its port: PORT=8081 make token\n`);
  process.exitCode = 1;
}

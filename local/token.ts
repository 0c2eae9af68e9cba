import { type CryptoKey, importJWK } from 'jose';
import { signCallerToken } from './caller-token.ts';
import { readTokenConfig, stateDirectory } from './config.ts';
import { readRunFile } from './run-file.ts';

/** Prints a further token for the local mode that runs on PORT: alone on standard output. */
const { PORT, TENANT, SCOPES, TTL } = readTokenConfig();
const run = await readRunFile(stateDirectory, PORT);
if (run?.key) {
  const key = (await importJWK(run.key.private_jwk, 'EdDSA')) as CryptoKey;
  const { kid } = run.key;
  process.stdout.write(
    `${await signCallerToken({ key, kid, tenant: TENANT, scopes: SCOPES, ttlSeconds: TTL })}\n`,
  );
} else {
  const why = run
    ? `what runs on port ${PORT} has AUTH_MODE=bypass: it needs no token, and takes every call for one tenant`
    : `nothing runs on port ${PORT}; start it with make run, or name its port: PORT=8081 make token`;
  process.stderr.write(`token: ${why}\n`);
  process.exitCode = 1;
}

import { type CryptoKey, importJWK } from 'jose';
import { signCallerToken } from './caller-token.ts';
import { readTokenConfig, stateDirectory } from './config.ts';
import { readRunFile } from './run-file.ts';

/** Prints another token for the local mode on PORT; standard output contains only the token. */
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
    ? `local mode on port ${PORT} has AUTH_MODE=bypass, so no call needs a token`
    : `local mode does not run on port ${PORT}; start it with make run, or name its port: PORT=8081 make token`;
  process.stderr.write(`token: ${why}\n`);
  process.exitCode = 1;
}

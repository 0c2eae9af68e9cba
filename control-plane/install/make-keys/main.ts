import { readMakeKeysConfig } from '../config.ts';
import { ensureDevIssuer } from '../dev-issuer.ts';
import { ensureKeyPair } from '../key-pairs.ts';
import { createNamedObjects } from '../named-objects.ts';
import { runProgram } from '../run-program.ts';

const config = readMakeKeysConfig();
const { NAMESPACE: namespace, CONTROL_PLANE_KEY_SECRET, DATA_PLANE_KEY_SECRET } = config;

await runProgram('make-keys', async ({ caller, clock, print }) => {
  const objects = createNamedObjects(caller);
  for (const name of [CONTROL_PLANE_KEY_SECRET, DATA_PLANE_KEY_SECRET]) {
    if (name === undefined) continue;
    const outcome = await ensureKeyPair(objects, { kind: 'Secret', namespace, name });
    print(`key pair in the Secret ${name}: ${outcome}`);
  }
  if (config.DEV_ISSUER === undefined) return;
  const issuer = {
    namespace,
    name: config.DEV_ISSUER,
    tenant: config.DEV_ISSUER_TENANT,
    tokenTtlSeconds: config.DEV_ISSUER_TOKEN_TTL_SECONDS,
  };
  await ensureDevIssuer(objects, issuer, clock);
  print(`token of the dev issuer in the Secret ${config.DEV_ISSUER}: renewed`);
});

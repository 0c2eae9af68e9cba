import { readPublishKeysConfig } from '../config.ts';
import { publishKeys } from '../key-pairs.ts';
import { createNamedObjects } from '../named-objects.ts';
import { runProgram } from '../run-program.ts';

const config = readPublishKeysConfig();
const { NAMESPACE: namespace, SESSIONS_NAMESPACE, PUBLIC_KEYS_CONFIG_MAP: name } = config;

await runProgram('publish-keys', async ({ caller, print }) => {
  const secret = (secretName: string) => ({ kind: 'Secret', namespace, name: secretName }) as const;
  await publishKeys(
    createNamedObjects(caller),
    {
      'control-plane': secret(config.CONTROL_PLANE_KEY_SECRET),
      'data-plane': secret(config.DATA_PLANE_KEY_SECRET),
    },
    { kind: 'ConfigMap', namespace: SESSIONS_NAMESPACE, name },
  );
  print(`public keys in the ConfigMap ${name} of ${SESSIONS_NAMESPACE}: written`);
});

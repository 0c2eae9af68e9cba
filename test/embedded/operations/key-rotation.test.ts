import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keySetOf, makeInternalKeyPair } from '../../../service-kit/testing/internal-key-pair.ts';
import { connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

let services: Services;
let controlPlane: Service;
beforeAll(async () => {
  services = await prepareServices();
  controlPlane = await services.start('control-plane');
});
afterAll(() => services.close());

test('running sessions accept a new key and reject the old one, while their steps continue', async () => {
  const start = (env = {}) =>
    services.start('data-plane', { CONTROL_PLANE_URL: controlPlane.url, ...env });
  const publicFile = join(services.directory, 'public/data-plane.json');
  const before = JSON.parse(readFileSync(publicFile, 'utf8')).keys[0];
  const after = await makeInternalKeyPair('after');
  const token = await services.tokenFor(newTenant());
  const oldReplica = await start();
  const viaOld = connect(oldReplica.url, token);
  const { session_id: id } = await viaOld.createSession({ runtime: 'node' });

  // Local-process agents have their keys in a directory beside the workspace.
  const kids =
    'JSON.parse(require("fs").readFileSync("../keys/data-plane.json", "utf8")).keys.map(({ kid }) => kid).join()';
  const kidsSeenBy = async (client: typeof viaOld) =>
    (await client.run(id, kids)).results[0]?.['text/plain'];
  const limit = { interval: 200 };
  expect(await kidsSeenBy(viaOld)).toBe("'data-plane'");

  writeFileSync(publicFile, keySetOf(before, after.publicJwk));
  await expect.poll(() => kidsSeenBy(viaOld), limit).toBe("'data-plane,after'");

  const newKeyFile = join(services.directory, 'after.private.json');
  writeFileSync(newKeyFile, keySetOf(after.privateJwk));
  const viaNew = connect((await start({ INTERNAL_KEY_FILE: newKeyFile })).url, token);
  // For an unknown key, an agent reads its key files again at most once a second.
  await expect.poll(() => kidsSeenBy(viaNew).catch(String), limit).toBe("'data-plane,after'");
  expect(await kidsSeenBy(viaOld)).toBe("'data-plane,after'");

  await oldReplica.stop();
  writeFileSync(publicFile, keySetOf(after.publicJwk));
  await expect.poll(() => kidsSeenBy(viaNew), limit).toBe("'after'");
});

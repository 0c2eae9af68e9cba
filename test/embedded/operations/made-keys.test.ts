import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInternalTokenSigner } from '../../../service-kit/auth/internal-token/signer.ts';
import { openSigningKeys } from '../../../service-kit/auth/internal-token/signing-keys.ts';
import { createKeySetFile } from '../../../service-kit/auth/key-set-file.ts';
import { createLogger } from '../../../service-kit/process/logger.ts';
import { createInternalTokenVerifier } from '../../../session-agent/http/internal-token/verifier.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/steppe-made-keys-');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the key pair that the guide’s command creates signs and verifies', async () => {
  const guide = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const command = /```sh\n(node -e 'crypto[^`]+)```/.exec(guide)?.[1];
  execFileSync('sh', ['-ec', command ?? 'false'], { cwd: directory });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const signingKeys = await openSigningKeys({
    path: join(directory, 'data-plane.private.json'),
    logger,
    clock: systemClock,
  });
  const keys = createKeySetFile({
    path: join(directory, 'data-plane.json'),
    logger,
    clock: systemClock,
  });
  const instanceId = newInstanceId();
  const token = await createInternalTokenSigner('data-plane', signingKeys, systemClock).sign(
    instanceId,
  );
  const verifier = createInternalTokenVerifier(instanceId, keys.getKey, systemClock);
  expect(await verifier.verify(`Bearer ${token}`)).toMatchObject({ plane: 'data-plane' });
  expect(readFileSync(join(directory, 'data-plane.json'), 'utf8')).not.toContain('"d"');
});

// Deploys the stacks of a stage: `make deploy-aws STAGE=NAME [STACKS=storage]`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ECRClient } from '@aws-sdk/client-ecr';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { registryOf } from '../stacks/images-stack.ts';
import { planes } from '../stacks/storage/plane-role.ts';
import { folder, readStage } from '../stage/read-stage.ts';
import { releaseSchema } from '../stage/settings.ts';
import { ensurePlaneKeys } from './plane-keys.ts';
import { pushImages, readDigests } from './repositories.ts';
import { storageOutputsSchema, storageReport } from './storage-report.ts';

const { values } = parseArgs({
  options: {
    stage: { type: 'string' },
    stacks: { type: 'string', default: 'all' },
    approval: { type: 'string', default: 'broadening' },
  },
});
const stacks = z.enum(['all', 'storage']).parse(values.stacks);
const settings = readStage({ stage: values.stage });
const { stage, region } = settings;
const records = join(folder, 'cdk.out', 'deployed');
mkdirSync(records, { recursive: true });

// Does nothing if the account is prepared already.
runCdk(['bootstrap', `aws://${settings.account}/${region}`, '--context', `stage=${stage}`]);
if (stacks === 'storage' || settings.service === undefined) {
  const outputs = deploy('storage');
  console.log(storageReport(settings, storageOutputsSchema.parse(outputs)));
} else {
  await deployService();
}

async function deployService(): Promise<void> {
  deploy('images');
  const registry = new ECRClient({ region });
  await pushImages(registry, registryOf(settings));
  const keys = new SecretsManagerClient({ region });
  const publicKeys = planes.map(
    async (plane) => [plane, await ensurePlaneKeys(keys, stage, plane)] as const,
  );
  const release = releaseSchema.parse({
    images: await readDigests(registry, stage),
    publicKeys: Object.fromEntries(await Promise.all(publicKeys)),
  });
  const file = join(records, `${stage}.release.json`);
  writeFileSync(file, JSON.stringify(release));
  // CDK deploys what a stack depends on before it.
  deploy('observe', file);
  const { LoadBalancer } = z.object({ LoadBalancer: z.string() }).parse(deploy('workload', file));
  console.log(`Steppe is deployed. Point ${settings.service?.domain} to ${LoadBalancer} (CNAME).`);
}

/** Returns the outputs of the stack. */
function deploy(name: string, release?: string): unknown {
  const stack = `steppe-${stage}-${name}`;
  const outputs = join(records, `${stack}.json`);
  const context = ['--context', `stage=${stage}`];
  if (release !== undefined) context.push('--context', `release=${release}`);
  const options = ['--outputs-file', outputs, '--require-approval', values.approval];
  runCdk(['deploy', stack, ...context, ...options]);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(outputs, 'utf8')))[stack];
}

/** The CLI says itself what failed. */
function runCdk(args: readonly string[]): void {
  const options = { cwd: folder, stdio: 'inherit' } as const;
  const { status } = spawnSync('npx', ['--no-install', 'cdk', ...args], options);
  if (status !== 0) process.exit(1);
}

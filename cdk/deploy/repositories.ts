import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import {
  DescribeImagesCommand,
  type ECRClient,
  GetAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr';
import { images, readVersion } from '../../tools/images/definitions.ts';
import { findEngine } from '../../tools/images/engine.ts';
import { folder } from '../stage/read-stage.ts';

const root = `${resolve(folder, '..')}/`;

/** Builds the images, and pushes them to the repositories of the stage. */
export async function pushImages(client: ECRClient, registry: string): Promise<void> {
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const token = authorizationData?.[0]?.authorizationToken ?? '';
  const [username = '', password = ''] = Buffer.from(token, 'base64').toString().split(':');
  const [host = ''] = registry.split('/');
  execFileSync(findEngine(root).name, ['login', '--username', username, '--password-stdin', host], {
    input: password,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  execFileSync('make', ['--silent', 'images', `REGISTRY=${registry}`, 'PUSH=1'], {
    cwd: root,
    stdio: 'inherit',
  });
}

/** The digest of each image in its repository, by the image's name. */
export async function readDigests(
  client: ECRClient,
  stage: string,
): Promise<Record<string, string>> {
  const imageTag = readVersion(root);
  const entries = await Promise.all(
    images.map(async ({ name }) => {
      const repositoryName = `${stage}/steppe/${name}`;
      const { imageDetails } = await client.send(
        new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] }),
      );
      const digest = imageDetails?.[0]?.imageDigest;
      if (digest === undefined) throw new Error(`${repositoryName}:${imageTag} has no digest`);
      return [name, digest] as const;
    }),
  );
  return Object.fromEntries(entries);
}

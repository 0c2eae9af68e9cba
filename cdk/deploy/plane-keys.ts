import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { makeKeyPair, publicKeysOf } from '../../control-plane/install/key-pairs.ts';
import { keySecretName } from '../stage/key-secret.ts';

/**
 * Makes the plane's key pair in Secrets Manager, unless the secret exists: agents may trust the key
 * that is in it.
 * @returns The set of public keys, as JSON.
 */
export async function ensurePlaneKeys(
  client: SecretsManagerClient,
  stage: string,
  plane: string,
): Promise<string> {
  const Name = keySecretName(stage, plane);
  const { privateJwk } = await makeKeyPair();
  try {
    await client.send(
      new CreateSecretCommand({
        Name,
        Description: `Private keys of the ${plane} of Steppe`,
        SecretString: JSON.stringify(privateJwk),
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
  }
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: Name }));
  return JSON.stringify(publicKeysOf(SecretString, `the secret ${Name}`));
}

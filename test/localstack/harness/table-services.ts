import { prepareServices, type Services } from '../../support/processes/services.ts';
import { credentialVariables, readTestConfig } from './config.ts';
import { readStorage } from './storage.ts';

/** Services on the deployed table, which find DynamoDB by the SDK's own variables. */
export const prepareTableServices = (): Promise<Services> =>
  prepareServices(async () => ({
    endpoint: '',
    tableName: readStorage().tableName,
    close: async () => {},
  }));

/**
 * The variables of each. Every control-plane sees only its own processes, and one of them holds the
 * reconciler's lease: the grace keeps it from ending the sessions of the others. LocalStack is slow
 * on a busy machine, which is not an outage.
 */
export function tableVariables(): Record<string, string> {
  const { endpoint, region } = readTestConfig();
  return {
    ...credentialVariables,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    DYNAMODB_TIMEOUT_MS: '30000',
    RECONCILE_GRACE_SECONDS: '3600',
  };
}

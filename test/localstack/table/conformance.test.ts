import { describeSessionStore } from '../../../session-store/conformance/session-store-conformance.ts';
import { dynamoDbHarness } from '../../../session-store/testing/dynamodb-harness.ts';
import { readTestConfig } from '../harness/config.ts';
import { readStorage } from '../harness/storage.ts';

// Endpoint and credentials come from the SDK's own chain, as in an application.
describeSessionStore(
  'DynamoDB session store on the deployed table',
  dynamoDbHarness(async () => ({ tableName: readStorage().tableName, close: async () => {} }), {
    region: readTestConfig().region,
  }),
);

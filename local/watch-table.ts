import { type DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';

/** Calls `onMissing` once each time requests begin to find that the table does not exist. */
export function watchTable(client: DynamoDBClient, onMissing: () => void): void {
  let isGone = false;
  client.middlewareStack.add(
    (send) => async (request) => {
      try {
        const result = await send(request);
        isGone = false;
        return result;
      } catch (error) {
        if (error instanceof ResourceNotFoundException && !isGone) {
          isGone = true;
          onMissing();
        }
        throw error;
      }
    },
    { name: 'watchTable', step: 'initialize' },
  );
}

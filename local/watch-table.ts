import { type DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';

/** Calls `onGone` once each time requests begin to find that the table does not exist. */
export function watchTable(client: DynamoDBClient, onGone: () => void): void {
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
          onGone();
        }
        throw error;
      }
    },
    { name: 'watchTable', step: 'initialize' },
  );
}

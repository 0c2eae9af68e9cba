import { appendFileSync, readFileSync } from 'node:fs';
import type { Listening } from '@steppe/session-store/dynalite/listen';
import { forward, startDynamoDbProxy } from '@steppe/session-store/testing/dynamodb-proxy';
import * as z from 'zod';

const useSchema = z.object({
  service: z.enum(['control-plane', 'data-plane']),
  /** As policies name it: `dynamodb:GetItem`. */
  action: z.string(),
  tableName: z.string(),
  indexName: z.string().optional(),
});
/** One way in which a service uses DynamoDB. */
export type Use = z.infer<typeof useSchema>;

const indexSchema = z.looseObject({ IndexName: z.string().optional() });

/** Listens in front of DynamoDB for one service, and appends each new use to the file. */
export function startRecorder(
  service: Use['service'],
  endpoint: string,
  file: string,
): Promise<Listening> {
  const seen = new Set<string>();
  return startDynamoDbProxy((request) => {
    const use: Use = {
      service,
      action: `dynamodb:${request.operation}`,
      tableName: request.body.TableName,
      indexName: indexSchema.parse(request.body).IndexName,
    };
    const line = `${JSON.stringify(use)}\n`;
    if (!seen.has(line)) appendFileSync(file, line);
    seen.add(line);
    return forward(endpoint, request);
  });
}

export const readUses = (file: string): Use[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => useSchema.parse(JSON.parse(line)));

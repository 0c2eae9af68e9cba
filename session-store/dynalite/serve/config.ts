import { loadConfig } from '@steppe/service-kit/config/load-config';
import { portVariable, requiredText } from '@steppe/service-kit/config/variables';
import * as z from 'zod';
import { sessionsTable } from '../../dynamodb/key-schema.ts';

const serveVariables = z.object({
  HOST: z.string().default('0.0.0.0').describe('address to listen on'),
  PORT: portVariable.default(8000).describe('port of the DynamoDB API'),
  DATA_DIR: requiredText.describe('directory of the tables'),
  SESSIONS_TABLE: z
    .string()
    .default(sessionsTable.defaultName)
    .describe('name of the table that is created if it is missing'),
});

export const readServeConfig = () =>
  loadConfig({
    service: 'local-store',
    variables: serveVariables,
    env: process.env,
    args: process.argv.slice(2),
  });

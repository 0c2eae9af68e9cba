import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import type { NodeCommand } from '../run/start-program.ts';
import { createCaller } from './caller.ts';
import { startFakeTable } from './fake-table.ts';
import { type StartedService, startService } from './start-service.ts';

export interface HopDataPlane extends StartedService {
  authorization: string;
  logFile: string;
  /** Its table, in which every session has the fake agent. */
  tableEndpoint: string;
}

interface HopOptions {
  directory: string;
  agentPort: number;
  node: NodeCommand;
}

/** The data-plane alone on one core, in front of a fake agent. */
export async function startHopDataPlane({
  directory,
  agentPort,
  node,
}: HopOptions): Promise<HopDataPlane> {
  const caller = await createCaller(directory);
  const table = await startFakeTable(caller.tenant, `http://127.0.0.1:${agentPort}`);
  const { privateJwk } = await makeInternalKeyPair('bench');
  const keyFile = join(directory, 'data-plane.private.json');
  writeFileSync(keyFile, JSON.stringify(privateJwk));
  const logFile = join(directory, 'data-plane.log');
  const service = await startService('data-plane', {
    cores: 'subject',
    logFile,
    node,
    env: {
      ...caller.env,
      STEPPE_ENV: 'test',
      HOST: '127.0.0.1',
      // Nothing listens there: steps need no control-plane.
      CONTROL_PLANE_URL: 'http://127.0.0.1:9',
      INTERNAL_KEY_FILE: keyFile,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      DYNAMODB_ENDPOINT: table.endpoint,
    },
  });
  return {
    ...service,
    authorization: caller.authorization,
    logFile,
    tableEndpoint: table.endpoint,
    async stop() {
      await service.stop();
      await table.close();
    },
  };
}

import type { TestProject } from 'vitest/node';
import { readTestConfig } from './config.ts';
import { readStorage } from './storage.ts';

/** Lets the tests of faults use the deployed table. */
export function setup(project: TestProject): void {
  const { endpoint } = readTestConfig();
  project.provide('table', { endpoint, tableName: readStorage().tableName });
}

import { defineConfig } from 'vitest/config';
import { targetTests } from '../support/api/target-tests.ts';
import { realServices } from '../support/real-services.ts';

/** @param maxWorkers at most that many files at a time */
const project = (
  name: string,
  maxWorkers: number,
  include: string[],
  globalSetup: string[] = [],
) => ({
  extends: true as const,
  test: { name, include, globalSetup, maxWorkers },
});

/**
 * The tests on a deployed Storage stack. `make test-localstack` provides it, and runs one project
 * after another: conformance corrupts rows, faults stop LocalStack, policies reads what whole-path
 * recorded, and restart forgets the stack.
 */
export default defineConfig({
  test: {
    ...realServices,
    projects: [
      project('table', 2, ['test/localstack/table/**/*.test.ts']),
      project(
        'whole-path',
        2,
        ['test/localstack/whole-path/**/*.test.ts', ...targetTests],
        ['test/localstack/harness/shared-services.ts'],
      ),
      project(
        'faults',
        1,
        ['test/localstack/faults/**/*.test.ts', 'test/embedded/faults/dynamodb-faults.test.ts'],
        ['test/localstack/harness/deployed-table.ts'],
      ),
      project('policies', 1, ['test/localstack/policies/**/*.test.ts']),
      project('restart', 1, ['test/localstack/restart/**/*.test.ts']),
    ],
  },
});

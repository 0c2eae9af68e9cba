import { createIds } from '@steppe/contracts/ids';
import { describeSessionStore } from '@steppe/session-store/conformance/session-store-conformance';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { openOnTable } from '@steppe/session-store/testing/dynamodb-harness';
import { Kernel } from '../../kernel/kernel.ts';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { runInBackground } from '../../testing/run-in-background.ts';
import { noTableFaults } from './request-fate.ts';
import { createTableModel } from './table-model.ts';

describeSessionStore('DynamoDB session store on the model of the table', {
  open: async () => {
    const kernel = new Kernel({ seed: 1 });
    const clock = createSimulatedClock(kernel);
    const { sender: client } = createTableModel(kernel, {
      faults: noTableFaults,
      onFault: () => {},
      moment: async () => {},
      // The suite expects that what was seen once stays visible; the model's stale reads do not.
      staleMs: 0,
    });
    const { defaultName: tableName } = sessionsTable;
    const opened = openOnTable({ client, tableName, clock, ids: createIds(clock) });
    return { ...opened, close: runInBackground(kernel) };
  },
});

import { once } from 'node:events';
import { join } from 'node:path';
import * as z from 'zod';
import type { Bench } from '../row.ts';
import { portIn, startProgram } from '../run/start-program.ts';

/** An agent that sends files of that size, and holds steps. */
export interface FakeAgent {
  port: number;
  /** Resolves when it holds that many steps. */
  holds(count: number): Promise<void>;
  /** Completes the steps that it holds. */
  release(): void;
}

const heldSchema = z.object({ held: z.number() });

export async function openFakeAgent(
  { directory, onClose }: Bench,
  fileBytes = 0,
): Promise<FakeAgent> {
  const logFile = join(directory, 'fake-agent.log');
  const args = [String(fileBytes)];
  const { child } = onClose(
    startProgram('fake-agent', { cores: 'rest', withIpc: true, logFile, args }),
  );
  let held = 0;
  child.on('message', (message) => {
    held = heldSchema.parse(message).held;
  });
  return {
    port: await portIn(logFile),
    async holds(count) {
      while (held < count) await once(child, 'message');
    },
    release() {
      held = 0;
      child.send('release');
    },
  };
}

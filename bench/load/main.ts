import { runClosedLoad } from './closed-load.ts';
import { type LoadSpec, loadSpecSchema } from './load-spec.ts';
import { runOpenLoad } from './open-load.ts';

// The process that loads what is measured: it takes one load at a time from its parent.

const run = (spec: LoadSpec) => (spec.kind === 'open' ? runOpenLoad(spec) : runClosedLoad(spec));

process.on('message', async (message) => {
  try {
    process.send?.({ result: await run(loadSpecSchema.parse(message)) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', () => process.exit());

import { once } from 'node:events';
import { startProgram } from '../run/start-program.ts';
import { type LoadResult, type LoadSpec, loadMessageSchema } from './load-spec.ts';

/** A process that does nothing but send requests. */
export interface Load {
  /** @throws Error if a request failed. */
  run(spec: LoadSpec): Promise<LoadResult>;
  stop(): Promise<void>;
}

export function startLoad(): Load {
  const program = startProgram('load', { cores: 'rest', withIpc: true });
  return {
    async run(spec) {
      const exited = new AbortController();
      const onExit = () => exited.abort(new Error('the load process exited'));
      program.child.once('exit', onExit);
      program.child.send(spec);
      const [message] = await once(program.child, 'message', { signal: exited.signal });
      program.child.off('exit', onExit);
      const parsed = loadMessageSchema.parse(message);
      if ('error' in parsed) throw new Error(parsed.error);
      return parsed.result;
    },
    stop: program.stop,
  };
}

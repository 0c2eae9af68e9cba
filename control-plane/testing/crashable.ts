/** A control-plane's life: it ends without a word, in the middle of anything. */
export interface Life {
  isTerminal(): boolean;
  /** Resolves at its end. */
  ended: Promise<void>;
  end(): void;
  /** Ends it when it has come to that many more calls of a port, or responses of one. */
  endAfter(moments: number): void;
}

interface CrashableLife extends Life {
  /** Never resolves once the life has ended. */
  moment(): Promise<void>;
}

export function createLife(): CrashableLife {
  let terminal = false;
  let left = Number.POSITIVE_INFINITY;
  let tellEnd = () => {};
  const ended = new Promise<void>((resolve) => {
    tellEnd = resolve;
  });
  const end = () => {
    terminal = true;
    tellEnd();
  };
  return {
    isTerminal: () => terminal,
    ended,
    end,
    endAfter: (moments) => {
      left = moments;
    },
    async moment() {
      left -= 1;
      if (left <= 0) end();
      if (terminal) await new Promise<never>(() => {});
    },
  };
}

/**
 * The port as a process sees it that may die: after its death no call begins, and no call that
 * began comes back.
 * @param fault is awaited before and after each call; what it throws is what the caller sees.
 */
export function crashable<Port extends object>(
  port: Port,
  life: CrashableLife,
  fault: (method: string, when: 'before' | 'after') => void = () => {},
): Port {
  const moment = async (method: string, when: 'before' | 'after') => {
    await life.moment();
    fault(method, when);
  };
  return new Proxy(port, {
    get(target, property) {
      const real: unknown = Reflect.get(target, property);
      if (typeof real !== 'function') return real;
      const method = String(property);
      if (method === 'sweep')
        return (...args: unknown[]) => sweepCrashably(Reflect.apply(real, target, args), moment);
      if (method === 'watch') {
        return (listener: (received: unknown) => Promise<void>) =>
          Reflect.apply(real, target, [
            // The dead acknowledge nothing, and refuse nothing.
            (received: unknown) =>
              life.isTerminal() ? new Promise<never>(() => {}) : listener(received),
          ]);
      }
      return async (...args: unknown[]) => {
        await moment(method, 'before');
        const result = await Reflect.apply(real, target, args);
        await moment(method, 'after');
        return result;
      };
    },
  });
}

async function* sweepCrashably(
  items: AsyncIterable<unknown>,
  moment: (method: string, when: 'before' | 'after') => Promise<void>,
): AsyncGenerator<unknown> {
  await moment('sweep', 'before');
  for await (const item of items) {
    yield item;
    await moment('sweep', 'after');
  }
}

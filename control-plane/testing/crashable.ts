/** The life of a control-plane, which can end at any moment and without notice. */
export interface Life {
  isTerminal(): boolean;
  /** Resolves when the life ends. */
  ended: Promise<void>;
  end(): void;
  /** Ends the life after this number of calls of a port and of returns from one. */
  endAfter(moments: number): void;
}

interface CrashableLife extends Life {
  /** Never resolves after the life has ended. */
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
 * The port as seen by a process that may die: after its death, no call begins, and no earlier call
 * returns.
 * @param fault is called before and after each call; the caller sees what it throws.
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
            // A dead process neither acknowledges an end nor rejects it.
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

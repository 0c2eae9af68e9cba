import type { SupervisorFrame, WorkerFrame } from '../../../protocol/frames.ts';

type AnyFrame = SupervisorFrame | WorkerFrame;
export type Frame<Type extends AnyFrame['type']> = Extract<AnyFrame, { type: Type }>;

/** The received frames in order; each can be taken once. */
export function createFrameLog(): FrameLog {
  const frames: AnyFrame[] = [];
  const listeners = new Set<() => void>();
  const matches = <Type extends AnyFrame['type']>(
    type: Type,
    accept: (frame: Frame<Type>) => boolean,
  ) => {
    return (frame: AnyFrame): frame is Frame<Type> =>
      frame.type === type && accept(frame as Frame<Type>);
  };
  return {
    add(frame) {
      frames.push(frame);
      for (const listener of [...listeners]) listener();
    },
    take(type, accept = () => true) {
      const taken = frames.filter(matches(type, accept));
      for (const frame of taken) frames.splice(frames.indexOf(frame), 1);
      return taken;
    },
    next(type, accept = () => true) {
      return new Promise((resolve) => {
        const look = (): void => {
          const frame = frames.find(matches(type, accept));
          if (!frame) return;
          frames.splice(frames.indexOf(frame), 1);
          listeners.delete(look);
          resolve(frame);
        };
        listeners.add(look);
        look();
      });
    },
  };
}

export type FrameLog = {
  add(frame: AnyFrame): void;
  take<Type extends AnyFrame['type']>(
    type: Type,
    accept?: (frame: Frame<Type>) => boolean,
  ): Frame<Type>[];
  next<Type extends AnyFrame['type']>(
    type: Type,
    accept?: (frame: Frame<Type>) => boolean,
  ): Promise<Frame<Type>>;
};

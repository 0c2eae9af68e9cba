import { types } from 'node:util';
import { type ColumnShift, originalColumn } from '../../rewrite/edits.ts';
import { callerFilename, exposed, ownArray, userRealm } from '../realm/user-realm.ts';

/**
 * Shows stacks as if the step were the user's own program: without frames of the driver, and with
 * columns of the user's source. `install` changes `error.stack`; `clean` completes it if user code
 * has its own `Error.prepareStackTrace`.
 */
export function createStackFrames(driverDir: string): StackFrames {
  const shiftsOf = new Map<string, ColumnShift[]>();

  const restoreColumns = (line: string): string =>
    line.replace(
      /(<step \d+>):(\d+):(\d+)/g,
      (whole, file: string, row: string, column: string) => {
        const shifts = shiftsOf.get(file);
        return shifts
          ? `${file}:${row}:${originalColumn(shifts, Number(row), Number(column))}`
          : whole;
      },
    );
  const isOwn = (frame: string): boolean =>
    frame.includes(driverDir) || frame.includes('__steppe_');
  /** The position of the driver's first frame in a stack; it calls user code through `vm`. */
  const startsDriver = (frame: string, below: string[]): boolean =>
    isCaller(frame) || ((isOwn(frame) || frame.includes('(node:vm:')) && !below.some(isOfStep));
  const cleanFrames = (stack: string[]): string[] => {
    const end = stack.findIndex((frame, index) => startsDriver(frame, stack.slice(index)));
    return (end < 0 ? stack : stack.slice(0, end)).filter((frame) => !isOwn(frame));
  };
  const clean = (text: string): string =>
    stretchesOf(text.split('\n'))
      .flatMap((stretch) => (isFrame(stretch[0] ?? '') ? cleanFrames(stretch) : stretch))
      .join('\n');

  return {
    remember: (filename, shifts) => {
      if (shifts.length > 0) shiftsOf.set(filename, shifts);
    },
    clean,
    install() {
      const value = (error: unknown, sites: NodeJS.CallSite[]): string =>
        clean(
          [
            heading(error),
            ...ownArray(sites).map((site) => `    at ${restoreColumns(String(site))}`),
          ].join('\n'),
        );
      Object.defineProperty(userRealm.Error, 'prepareStackTrace', {
        value: exposed(value),
        writable: true,
        configurable: true,
        enumerable: false,
      });
    },
  };
}

const isFrame = (line: string): boolean => /^\s+at /.test(line);
const isCaller = (frame: string): boolean => frame.includes(`${callerFilename}:`);
const isOfStep = (frame: string): boolean => frame.includes('<step ');

/** Groups lines that are frames, and lines that are not: a text may contain several stacks. */
function stretchesOf(lines: string[]): string[][] {
  const stretches: string[][] = [];
  for (const line of lines) {
    const last = stretches.at(-1);
    if (last && isFrame(last[0] ?? '') === isFrame(line)) last.push(line);
    else stretches.push([line]);
  }
  return stretches;
}

export type StackFrames = {
  remember(filename: string, shifts: ColumnShift[]): void;
  clean(stack: string): string;
  install(): void;
};

/** Node writes the code of its own errors into the first line. */
function heading(error: unknown): string {
  try {
    const code = types.isNativeError(error) && 'code' in error ? error.code : undefined;
    if (
      types.isNativeError(error) &&
      typeof code === 'string' &&
      code.startsWith('ERR_') &&
      !error.name.includes(code)
    ) {
      return `${error.name} [${code}]: ${error.message}`;
    }
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

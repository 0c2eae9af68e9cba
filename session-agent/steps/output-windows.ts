import { limits } from '@steppe/contracts/limits';
import { type Channel, channels } from '../spool/record.ts';
import { OutputWindow } from './output-window.ts';

/** What a result shows of each channel. */
export type OutputWindows = Record<Channel, OutputWindow>;

const notice = (droppedBytes: number): string => `\n[… ${droppedBytes} bytes dropped …]\n`;

/** What a result shows of output of earlier steps: the newest, which is the most useful. */
export function backgroundWindows(): Pick<
  OutputWindows,
  'background_stdout' | 'background_stderr'
> {
  const open = () => new OutputWindow(limits.backgroundBytes, () => '', 0);
  return { background_stdout: open(), background_stderr: open() };
}

/** What the result of a step shows. */
export function stepWindows(bytesPerStream: number): OutputWindows {
  const open = () => new OutputWindow(bytesPerStream, notice);
  return { stdout: open(), stderr: open(), ...backgroundWindows() };
}

export const memoryOf = (windows: Partial<OutputWindows>): number =>
  channels.reduce((sum, channel) => sum + (windows[channel]?.memoryBytes ?? 0), 0);

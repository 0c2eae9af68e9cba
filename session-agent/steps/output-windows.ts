import { limits } from '@steppe/contracts/limits';
import { type Channel, channels } from '../spool/record.ts';
import { OutputWindow } from './output-window.ts';

/** What a result shows of each channel that has output. */
export type OutputWindows = Partial<Record<Channel, OutputWindow>>;

const notice = (droppedBytes: number): string => `\n[… ${droppedBytes} bytes dropped …]\n`;

/** What a result shows of output of earlier steps: the newest, which is the most useful. */
export const backgroundWindow = (): OutputWindow =>
  new OutputWindow(limits.backgroundBytes, () => '', 0);

/** @param bytesPerStream what the result of a step shows of its own output. */
export const windowOf = (channel: Channel, bytesPerStream: number): OutputWindow =>
  channel.startsWith('background') ? backgroundWindow() : new OutputWindow(bytesPerStream, notice);

export const memoryOf = (windows: OutputWindows): number =>
  channels.reduce((sum, channel) => sum + (windows[channel]?.memoryBytes ?? 0), 0);

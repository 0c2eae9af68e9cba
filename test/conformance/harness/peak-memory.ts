import { readdirSync, readFileSync } from 'node:fs';

/** The peak resident memory of each process of an instance, by its pid and name. */
export function peaksMib(instanceId: string): Record<string, number> {
  const peaks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): [string, number][] => {
      if (!read(`/proc/${pid}/environ`).includes(instanceId)) return [];
      const status = read(`/proc/${pid}/status`);
      const peakKib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]);
      const name = read(`/proc/${pid}/cmdline`).split('\0').slice(0, 2).join(' ');
      return Number.isNaN(peakKib) ? [] : [[`${pid} ${name}`, peakKib / 1024]];
    });
  return Object.fromEntries(peaks);
}

/** Returns an empty string if the file is not readable or its process has exited. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

import { readFileSync } from 'node:fs';
import { openFiles } from './instance.ts';

/** TCP ports that a process listens on. */
export function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    openFiles(pid).flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []),
  );
  return ['tcp', 'tcp6'].flatMap((table) => {
    const [, ...rows] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n');
    return rows.flatMap((row) => {
      const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
      return state === listenState && sockets.has(inode)
        ? [Number.parseInt(local.split(':')[1] ?? '', 16)]
        : [];
    });
  });
}

/** TCP_LISTEN in the kernel. */
const listenState = '0A';

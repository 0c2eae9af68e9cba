import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runOrThrow } from '../../harness/commands.ts';

/** Addresses outside the cluster that accept connections on `outsidePorts`. */
export const outside = {
  /** Where clouds serve the metadata and the credentials of a node. */
  metadata: '169.254.169.254',
  internet: '203.0.113.1',
  otherInternet: '198.51.100.1',
};

/** Of the web, and of resolvers. */
const outsidePorts = ['80', '53'];

/** Its name is unique in the cluster's network, so that one test at a time has the addresses. */
const link = 'steppe-outside';
const near = '172.31.255.1';
const far = '172.31.255.2';
const program = fileURLToPath(new URL('./listen.py', import.meta.url));

/**
 * Adds a network behind the cluster's node, with listeners at the addresses of `outside`. The tests
 * run in the cluster's network as root. @returns a function that removes it.
 */
export async function openOutsideNetwork(): Promise<() => Promise<void>> {
  const listener = spawn('unshare', ['--net', 'python3', program, ...outsidePorts], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(listener, 'exit');
  const close = async () => {
    listener.stdin.end();
    await exited;
  };
  try {
    await Promise.race([once(listener.stdout, 'data'), exited]);
    await connectLink(String(listener.pid));
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

async function connectLink(pid: string): Promise<void> {
  const ip = (...args: string[]) => runOrThrow('ip', args);
  const inside = (...args: string[]) =>
    runOrThrow('nsenter', ['--net', '--target', pid, 'ip', ...args]);
  await vi.waitFor(
    () => ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'cluster', 'netns', pid),
    { timeout: 120_000, interval: 500 },
  );
  await ip('address', 'add', `${near}/30`, 'dev', link);
  await ip('link', 'set', link, 'up');
  await inside('address', 'add', `${far}/30`, 'dev', 'cluster');
  for (const device of ['lo', 'cluster']) await inside('link', 'set', device, 'up');
  await inside('route', 'add', 'default', 'via', near);
  for (const address of Object.values(outside)) {
    await inside('address', 'add', `${address}/32`, 'dev', 'lo');
    await ip('route', 'add', `${address}/32`, 'via', far);
  }
}

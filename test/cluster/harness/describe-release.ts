import { kubectl } from './commands.ts';

const lastLines = '--tail=40';

/** Pods, warnings and logs of a release, for people. */
export async function describeRelease(
  namespace: string,
  sessionsNamespace: string,
): Promise<string> {
  const parts = await Promise.all([
    ...[namespace, sessionsNamespace].flatMap((name) => [
      show(`pods of ${name}`, ['--namespace', name, 'get', 'pods', '--output', 'wide']),
      show(`warnings of ${name}`, [
        ...['--namespace', name, 'get', 'events', '--sort-by', '.lastTimestamp'],
        ...['--field-selector', 'type!=Normal'],
      ]),
    ]),
    show('logs of the planes', [
      ...['--namespace', namespace, 'logs', '--selector', 'app.kubernetes.io/name=steppe'],
      ...['--prefix', '--ignore-errors', lastLines],
    ]),
    show('logs of the sessions', [
      ...['--namespace', sessionsNamespace, 'logs', '--all-containers', '--prefix'],
      ...['--selector', 'app.kubernetes.io/name=steppe-session', '--ignore-errors', '--tail=5'],
      '--max-log-requests=100',
    ]),
  ]);
  return `${parts.join('\n')}\n`;
}

async function show(title: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await kubectl(args);
  return `--- ${title}\n${stdout}${stderr}`;
}

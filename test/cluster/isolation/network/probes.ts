import { z } from 'zod';
import type { Client } from '../../../support/api/client.ts';
import { kubectlOrThrow } from '../../harness/commands.ts';

/** Addresses `host:port` by name. */
export type Targets = Readonly<Record<string, string>>;

/** `reached`, `blocked` for no response at all, or the error of the connection. */
export type Outcomes = Readonly<Record<string, string>>;

/** Connects to all targets at once. */
export type Probe = (targets: Targets) => Promise<Outcomes>;

const outcomesSchema = z.record(z.string(), z.string());

/** From the code of a session in Python. */
export const fromSession =
  (client: Client, sessionId: string): Probe =>
  async (targets) => {
    const { stdout, error } = await client.run(sessionId, pythonProbe(targets));
    if (error) throw new Error(JSON.stringify(error));
    return outcomesSchema.parse(JSON.parse(stdout));
  };

/** From a pod whose image has Node. */
export const fromNodePod =
  (namespace: string, pod: string): Probe =>
  (targets) =>
    execute(namespace, pod, ['node', '--eval', nodeProbe(targets)]);

async function execute(namespace: string, pod: string, command: string[]): Promise<Outcomes> {
  const printed = await kubectlOrThrow(['--namespace', namespace, 'exec', pod, '--', ...command]);
  return outcomesSchema.parse(JSON.parse(printed));
}

const timeoutSeconds = 2;

const pythonProbe = (targets: Targets): string => `
import concurrent.futures, errno, json, socket

def probe(target):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), ${timeoutSeconds}).close()
        return "reached"
    except TimeoutError:
        return "blocked"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))

targets = json.loads(${JSON.stringify(JSON.stringify(targets))})
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(dict(zip(targets, pool.map(probe, targets.values())))))
`;

const nodeProbe = (targets: Targets): string => `
const net = require('node:net');
const probe = (target) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = net.connect({ host, port, timeout: ${timeoutSeconds * 1000} });
  const finish = (outcome) => { socket.destroy(); resolve(outcome); };
  socket.on('connect', () => finish('reached'));
  socket.on('timeout', () => finish('blocked'));
  socket.on('error', ({ code }) => finish(code));
});
const targets = ${JSON.stringify(targets)};
Promise.all(Object.entries(targets).map(async ([name, target]) => [name, await probe(target)]))
  .then((outcomes) => console.log(JSON.stringify(Object.fromEntries(outcomes))));
`;

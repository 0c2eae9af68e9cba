import {
  hostileBytes,
  type LeavesAt,
  sendAndReset,
} from '../../embedded/faults/rig/hostile-client.ts';
import { pick } from '../pick.ts';
import type { LocalFault, LocalVictims } from './faults.ts';

const portOf = (url: string): number => Number(new URL(url).port);

/** The ports of the processes themselves, behind every proxy. */
const ports = {
  'data-plane': ({ cluster, random }) =>
    portOf(pick(cluster.replicas, random)?.service().url ?? ''),
  'data-plane operator port': ({ cluster, random }) =>
    portOf(pick(cluster.replicas, random)?.service().operatorUrl ?? ''),
  'control-plane': ({ cluster }) => portOf(cluster.controlPlane.url),
  'control-plane operator port': ({ cluster }) => portOf(cluster.controlPlane.operatorUrl),
  agent: ({ live, random }) => pick(live.all(), random)?.agentPort,
} satisfies Record<string, (victims: LocalVictims) => number | undefined>;

/** Few, because the run tests what they break and not how much load a small machine takes. */
const connectionsAtOnce = 5;
const request = `POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"runtime":"python"}`;
const leavings: readonly LeavesAt[] = ['connect', 'sent', 'response'];

/** A request that is reset after a random number of its bytes. */
const randomAbort = (random: () => number) =>
  request.slice(0, Math.floor(random() * (request.length + 1)));
const hostile = (random: () => number) => pick(Object.values(hostileBytes), random) ?? '';

const attack =
  (
    portIn: (victims: LocalVictims) => number | undefined,
    textOf: (random: () => number) => string,
  ): LocalFault =>
  async (victims) => {
    const port = portIn(victims);
    if (!port) return false;
    const { random } = victims;
    const connections = Array.from({ length: connectionsAtOnce }, () =>
      sendAndReset(port, textOf(random), pick(leavings, random)),
    );
    return (await Promise.all(connections)).some(Boolean);
  };

/** What anyone who can reach a port can do, injected at the same time as the other faults. */
export const hostileFaults: Readonly<Record<string, LocalFault>> = Object.fromEntries(
  Object.entries(ports).flatMap(([name, portIn]) => [
    [`${name}: random aborts`, attack(portIn, randomAbort)],
    [`${name}: hostile bytes`, attack(portIn, hostile)],
  ]),
);

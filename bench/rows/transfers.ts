import { newSessionId } from '@steppe/contracts/testing/new-ids';
import type { Figure } from '../figure.ts';
import type { LoadRequest } from '../load/load-spec.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { openHop } from '../subjects/hop.ts';
import { openFakeAgent } from '../subjects/start-fake-agent.ts';

const fileBytes = 50_000_000;
const transfersPerRound = 6;

export const transfers: Row = {
  name: 'transfers',
  about: 'files of 50 MB, up and down, through the hop alone',
  async measure(bench) {
    const { port: agentPort } = await openFakeAgent(bench, fileBytes);
    const hop = await openHop(bench, { agentPort });
    const path = `/v1/sessions/${newSessionId()}/files/data.bin`;
    const headers = { authorization: hop.authorization };
    const requests: Record<'down' | 'up', LoadRequest> = {
      down: { method: 'GET', path, headers },
      up: {
        method: 'PUT',
        path,
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body: { bytes: fileBytes },
      },
    };
    const rateOf = (port: number, request: LoadRequest) => () => transfer(bench, port, request);
    const figures: Figure[] = [];
    for (const way of ['down', 'up'] as const) {
      const targets = {
        ours: rateOf(hop.ours.port, requests[way]),
        nginx: rateOf(hop.nginx.port, requests[way]),
        bare: rateOf(hop.bare.port, requests[way]),
      };
      await alternate(1, targets);
      const { ours, nginx, bare } = await alternate(bench.rounds, targets);
      const figure = { title: `50 MB ${way}`, unit: 'MB/s', ours } as const;
      figures.push(
        { ...figure, id: `transfer-${way}`, beside: { name: 'nginx', values: nginx } },
        { ...figure, id: `transfer-${way}-bare`, beside: { name: 'bare proxy', values: bare } },
      );
    }
    return figures;
  },
};

/** @returns MB/s of one connection */
async function transfer(
  { load, scaled }: Bench,
  port: number,
  request: LoadRequest,
): Promise<number> {
  const { latenciesMs, seconds } = await load.run({
    kind: 'closed',
    port,
    requests: [request],
    connections: 1,
    until: { requests: Math.ceil(scaled(transfersPerRound)) },
  });
  return (latenciesMs.length * fileBytes) / 1e6 / seconds;
}

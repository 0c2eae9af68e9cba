import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { residentBytes } from '../../test/support/processes/instance.ts';
import type { Figure } from '../figure.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { cpuSeconds } from '../run/process-usage.ts';
import { type OpenSession, openServices, type Services } from '../subjects/services.ts';

const lineBytes = 80;
const linesMb = 200;
const writeBytes = 64 * 1024;
const writesMb = 1000;

const printLines = {
  python: (count: number) => `for _ in range(${count}): print("x" * ${lineBytes - 1})`,
  node: (count: number) =>
    `for (let n = 0; n < ${count}; n++) console.log("x".repeat(${lineBytes - 1}))`,
};
const writePieces = (count: number) =>
  `import os\npiece = b"x" * ${writeBytes}\nfor _ in range(${count}): os.write(1, piece)`;

export const output: Row = {
  name: 'output',
  about: `${linesMb} MB in lines of ${lineBytes} bytes, and 1 GB in writes of 64 KiB`,
  async measure(bench) {
    const services = await openServices(bench, 0);
    const mb = bench.scaled(linesMb);
    const lines = Math.round((mb * 1e6) / lineBytes);
    const pieces = Math.round((bench.scaled(writesMb) * 1e6) / writeBytes);
    const results = await alternate(bench.rounds, {
      python: () => readWhole(bench, services, 'python', printLines.python(lines), mb),
      node: () => readWhole(bench, services, 'node', printLines.node(lines), mb),
      pipe: () => pipe(printLines.python(lines), mb),
      writes: () => growthOf(services, writePieces(pieces)),
      pipeOfWrites: () => pipe(writePieces(pieces), (pieces * writeBytes) / 1e6),
    });
    const rates = results.writes.map(({ seconds }) => (pieces * writeBytes) / 1e6 / seconds);
    return [
      ...lineFigures('Python', results.python, results.pipe),
      ...lineFigures('Node', results.node, results.pipe),
      {
        id: 'output-writes-memory',
        title: 'growth of the agent for 1 GB in 64 KiB writes',
        unit: 'MB',
        ours: results.writes.map(({ grownMb }) => grownMb),
        note: 'from its resident memory before to its peak',
      },
      {
        id: 'output-writes-rate',
        title: '1 GB in 64 KiB writes',
        unit: 'MB/s',
        ours: rates,
        beside: { name: 'python | cat', values: results.pipeOfWrites },
      },
    ];
  },
};

interface ReadOutput {
  cpuSeconds: number;
  rate: number;
}

/** Runs a step, then reads its output from the spool: what a caller does who wants all of it. */
async function readWhole(
  { load }: Bench,
  { port, authorization, client, openSession }: Services,
  runtime: 'python' | 'node',
  code: string,
  mb: number,
): Promise<ReadOutput> {
  const session = await openSession(runtime);
  await session.run('1');
  const { pid } = session.findAgent();
  const [cpuBefore, startedAt] = [cpuSeconds(pid), performance.now()];
  const { step_id: stepId } = await client.run(session.id, code);
  const { bytes } = await load.run({
    kind: 'closed',
    port,
    requests: [
      {
        method: 'GET',
        path: `${session.path}/${stepId}/output/stdout`,
        headers: { authorization },
      },
    ],
    connections: 1,
    until: { requests: 1 },
  });
  if (Math.round(bytes / 1e6) !== Math.round(mb))
    throw new Error(`${bytes} bytes of ${mb} MB were read`);
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpuSeconds(pid) - cpuBefore;
  await session.end();
  return { cpuSeconds: used, rate: mb / seconds };
}

async function growthOf({ openSession }: Services, code: string) {
  const session: OpenSession = await openSession('python');
  await session.run('1');
  const { pid } = session.findAgent();
  const before = residentBytes(pid);
  const startedAt = performance.now();
  await session.run(code);
  const seconds = (performance.now() - startedAt) / 1000;
  const grownMb = (residentBytes(pid, 'VmHWM') - before) / 1e6;
  await session.end();
  return { grownMb, seconds };
}

const run = promisify(execFile);

/** The least that reads an output. @returns MB/s */
async function pipe(code: string, mb: number): Promise<number> {
  const startedAt = performance.now();
  await run('sh', ['-c', 'python3 -c "$1" | cat > /dev/null', 'sh', code]);
  return mb / ((performance.now() - startedAt) / 1000);
}

const lineFigures = (
  language: 'Python' | 'Node',
  results: readonly ReadOutput[],
  pipes: number[],
): Figure[] => [
  {
    id: `output-lines-${language.toLowerCase()}-cpu`,
    title: `CPU of the agent for ${linesMb} MB in lines, ${language}`,
    unit: 's',
    ours: results.map((result) => result.cpuSeconds),
  },
  {
    id: `output-lines-${language.toLowerCase()}-rate`,
    title: `${linesMb} MB in lines, read whole, ${language}`,
    unit: 'MB/s',
    ours: results.map(({ rate }) => rate),
    beside: { name: 'python | cat', values: pipes },
  },
];

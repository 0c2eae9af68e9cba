import { connect } from 'node:net';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { useTarget } from '../../../support/use-target.ts';
import { kubectlRead } from '../../harness/commands.ts';
import { releaseName } from '../../harness/release.ts';
import { isExistingCluster } from '../../support/config.ts';
import { type RecordedRequest, startRecording } from './recording.ts';

const target = useTarget();
const agentPort = 8070;

/** Sends bytes and reads the status of the first response. */
async function send(address: string, port: number, bytes: string): Promise<number> {
  const socket = connect(port, address);
  socket.write(bytes, 'latin1');
  for await (const chunk of socket.setEncoding('latin1')) {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(String(chunk))?.[1];
    return Number(status);
  }
  throw new Error(`${address}:${port} closed the connection without a response`);
}

const podAddress = (instanceId: string) =>
  kubectlRead(
    inject('release').sessionsNamespace,
    ['pod', instanceId.replace('ins_', 'steppe-')],
    '{.status.podIP}',
  );

interface TestedSession {
  id: string;
  address: string;
}

// Only the node sees the traffic, and the node of another cluster may be elsewhere.
describe.skipIf(isExistingCluster())('the traffic of an agent', () => {
  let own: TestedSession;
  let other: TestedSession;
  let recorded: RecordedRequest[];

  beforeAll(async () => {
    const client = await target().newClient();
    const create = async (): Promise<TestedSession> => {
      const { session_id: id, instance_id } = await client.createSession();
      return { id, address: await podAddress(String(instance_id)) };
    };
    const stopRecording = await startRecording(agentPort);
    own = await create();
    other = await create();
    await client.run(own.id, 'x = 1');
    await client.call('GET', `/v1/sessions/${own.id}/files`);
    recorded = (await stopRecording()).filter(({ address }) => address === own.address);
  });

  const requestTo = (path: string): RecordedRequest => {
    const found = recorded.find(({ target: line }) => line.endsWith(path));
    if (!found) throw new Error(`no request to ${path}: ${recorded.map(({ target: one }) => one)}`);
    return found;
  };

  test('is accepted by that agent again, except for a second bind', async () => {
    expect(await send(own.address, agentPort, requestTo('/steps').bytes)).toBe(200);
    expect(await send(own.address, agentPort, requestTo('/files').bytes)).toBe(200);
    expect(await send(own.address, agentPort, requestTo('/internal/bind').bytes)).toBe(409);
  });

  test('is misdirected at another agent, for either session', async () => {
    for (const path of ['/steps', '/files', '/internal/bind']) {
      const { bytes } = requestTo(path);
      expect(await send(other.address, agentPort, bytes)).toBe(421);
      expect(await send(other.address, agentPort, bytes.replaceAll(own.id, other.id))).toBe(421);
    }
  });

  test('holds no token that a plane accepts', async () => {
    const { namespace } = inject('release');
    for (const [plane, port] of [
      ['control-plane', 8081],
      ['data-plane', 8080],
    ] as const) {
      const service = ['service', `${releaseName}-${plane}`];
      const address = await kubectlRead(namespace, service, '{.spec.clusterIP}');
      for (const path of ['/steps', '/internal/bind']) {
        const { token } = requestTo(path);
        const headers = `host: ${address}\r\nauthorization: Bearer ${token}\r\n`;
        const list = `GET /v1/sessions HTTP/1.1\r\n${headers}\r\n`;
        expect(await send(address, port, list)).toBe(401);
      }
    }
  });

  test('is nothing without its token, also from the code of the session', async () => {
    const client = await target().newClient();
    const { session_id: id } = await client.createSession();
    const { stdout } = await client.run(id, callOwnAgent(id));
    expect(JSON.parse(stdout)).toEqual([401, 401, 401]);
  });
});

const callOwnAgent = (id: string): string => `
import http.client, json
statuses = []
for method, path in [
    ("GET", "/v1/sessions/${id}/steps"), ("POST", "/internal/end"), ("GET", "/internal/state"),
]:
    connection = http.client.HTTPConnection("127.0.0.1", ${agentPort})
    connection.request(method, path, body="{}")
    statuses.append(connection.getresponse().status)
print(json.dumps(statuses))
`;

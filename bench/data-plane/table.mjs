// A sessions table with one row, in the format of DynamoDB's GetItem. Its speed does not matter,
// because the data-plane rarely reads routes.
import { createServer } from 'node:http';

const text = (value) => ({ S: value });
const number = (value) => ({ N: String(value) });

const itemOf = ({ sessionId, tenantId, address }) => ({
  session_id: text(sessionId),
  tenant_id: text(tenantId),
  version: number(1),
  runtime: text('python'),
  state: text('ready'),
  instance_id: text('ins_bench'),
  address: text(address),
  created_at: text('2026-01-01T00:00:00.000Z'),
  ready_at: text('2026-01-01T00:00:00.000Z'),
  expires_at: text('2999-01-01T00:00:00.000Z'),
  idle_timeout_seconds: number(900),
  metadata: { M: {} },
  resources: { M: { cpu: text('1'), memory: text('1Gi'), ephemeral_storage: text('1Gi') } },
});

export async function startTable(row) {
  const response = JSON.stringify({ Item: itemOf(row) });
  const server = createServer((req, res) => {
    req
      .resume()
      .on('end', () =>
        res.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(response),
      );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    close: () => server.close().closeAllConnections(),
  };
}

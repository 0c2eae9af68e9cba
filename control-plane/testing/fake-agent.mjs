// A fake session-agent for tests of the control-plane alone: it has the internal port and can end,
// but has no interpreter. The second word of the supervisor command selects its behaviour.
import { spawn } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

// biome-ignore lint/style/noProcessEnv: a program of its own, whose environment is its contract
const env = process.env;
const [, behaviour = 'serve'] = JSON.parse(env.STEPPE_SUPERVISOR_COMMAND);
const instanceId = env.STEPPE_INSTANCE_ID;
let bound;

if (behaviour === 'crash-before-ready') {
  writeSync(2, 'there is no interpreter\n');
  process.exit(3);
}
if (behaviour === 'say-nonsense') writeSync(3, 'hello\n');
if (behaviour === 'lose-child')
  spawn(process.execPath, ['-e', `(${writeUntilAlone})(${JSON.stringify(env.STEPPE_WORKSPACE)})`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });

process.on('SIGTERM', () => behaviour !== 'ignore-term' && process.exit(0));
process.stdin.resume().on('end', () => {
  rmSync(env.STEPPE_INSTANCE_DIR, { recursive: true, force: true });
  // The last agent removes the directory of all instances, as the session-agent does.
  if (readdirSync(env.STEPPE_INSTANCES_DIR).every((name) => name === 'owner'))
    rmSync(env.STEPPE_INSTANCES_DIR, { recursive: true });
  process.exit(0);
});

const server = createServer(async (request, response) => {
  const reply = (status, body) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(body && JSON.stringify(body));
  const refuse = (status, code) =>
    reply(status, {
      error: { code, message: code, retryable: false, request_id: 'r', details: {} },
    });
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  if (!isAllowed(request.headers.authorization)) return refuse(401, 'unauthenticated');
  const body = text && JSON.parse(text);
  switch (`${request.method} ${request.url}`) {
    case 'POST /internal/bind':
      if (behaviour === 'hang-bind') return undefined;
      if (behaviour === 'die-on-bind') return process.exit(7);
      if (behaviour === 'refuse-bind' || bound) return refuse(409, 'already_bound');
      bound = body;
      writeFileSync(join(env.STEPPE_RUN_DIR, 'bound.json'), text);
      return reply(200, { instance_id: instanceId, epoch: behaviour === 'second-epoch' ? 2 : 1 });
    case 'POST /internal/limits':
      if (behaviour === 'refuse-limits') return refuse(500, 'internal');
      Object.assign(bound, body);
      writeFileSync(join(env.STEPPE_RUN_DIR, 'bound.json'), JSON.stringify(bound));
      return reply(204);
    case 'POST /internal/end':
      writeFileSync(
        env.STEPPE_TERMINATION_FILE,
        JSON.stringify({ end_reason: body.reason, end_detail: 'as requested' }),
      );
      reply(202);
      return response.on('finish', () => process.exit(0));
    case 'GET /internal/state':
      if (behaviour === 'hang-state') return undefined;
      return reply(200, { epoch: 4, state: 'idle', last_active_at: '2026-11-23T12:00:00.000Z' });
    default:
      return refuse(404, 'route_not_found');
  }
});

server.listen(Number(env.PORT), env.HOST, () => {
  if (behaviour !== 'never-ready')
    writeSync(Number(env.STEPPE_READY_FD), `${JSON.stringify({ port: server.address().port })}\n`);
});

function isAllowed(authorization = '') {
  const [header, payload, signature] = authorization.replace('Bearer ', '').split('.');
  if (!signature) return false;
  const { keys } = JSON.parse(
    readFileSync(join(env.STEPPE_KEYS_DIR, 'control-plane.json'), 'utf8'),
  );
  const key = createPublicKey({ key: keys[0], format: 'jwk' });
  const { iss, aud, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const signed = verify(
    null,
    Buffer.from(`${header}.${payload}`),
    key,
    Buffer.from(signature, 'base64url'),
  );
  return signed && iss === 'control-plane' && aud === instanceId && exp * 1000 > Date.now();
}

/**
 * A supervisor that needs a moment to notice that its agent was killed, and until then writes to
 * the directory that is to be removed.
 */
function writeUntilAlone(workspace) {
  const { mkdirSync, writeFileSync: write } = require('node:fs');
  let files = 0;
  setInterval(() => {
    mkdirSync(`${workspace}/deep/er`, { recursive: true });
    write(`${workspace}/deep/er/${files++}`, 'x');
  }, 1);
  process.stdin.resume().on('end', () => setTimeout(() => process.exit(0), 300));
}

// Installs the chart with one of its examples, from nothing to commands to paste: `make deploy
// VALUES=local`. It starts the cluster of tools/cluster unless one runs; CLUSTER=existing uses the
// one of KUBECONFIG, which pulls the images from REGISTRY.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const {
  VALUES: example = 'local',
  CLUSTER,
  REGISTRY = 'localhost',
  NAMESPACE = 'steppe',
} = process.env;
const isExisting = CLUSTER === 'existing';
const release = 'steppe';
const cluster = join(root, 'tools/cluster/cluster');
const step = (text) => process.stderr.write(`deploy: ${text}\n`);

function fail(message) {
  step(message);
  process.exit(1);
}

/** Output goes to standard error, except what is captured. */
function run(program, args, { capture = false } = {}) {
  try {
    const stdio = ['ignore', capture ? 'pipe' : process.stderr, 'inherit'];
    return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio }) ?? '';
  } catch (error) {
    return fail(`${[program, ...args].join(' ').slice(0, 200)}: ${error.message.split('\n')[0]}`);
  }
}

/** Runs a program where the cluster's addresses can be reached. */
const inCluster = (program, args, options) =>
  isExisting ? run(program, args, options) : run(cluster, ['exec', program, ...args], options);
const kubectl = (args, options) =>
  isExisting ? run('kubectl', args, options) : run(cluster, ['kubectl', ...args], options);

const values = join(root, `infra/chart/examples/${example}.yaml`);
if (!existsSync(values)) {
  const known = readdirSync(join(root, 'infra/chart/examples')).map((file) =>
    file.replace('.yaml', ''),
  );
  fail(`there is no example ${example}; VALUES is one of ${known.join(', ')}`);
}

const tools = run(join(root, 'tools/helm/install'), [], { capture: true }).trim();
if (!isExisting) {
  step('starting the cluster');
  run(cluster, ['start']);
  step('building the images');
  run('make', ['--silent', 'images', `REGISTRY=${REGISTRY}`]);
  step('loading the images');
  run(join(root, 'tools/cluster/image'), ['load', ...imageNames()]);
}

step(`installing the chart in the namespace ${NAMESPACE}`);
inCluster(join(tools, 'helm'), [
  'upgrade',
  '--install',
  release,
  join(root, 'infra/chart'),
  '--namespace',
  NAMESPACE,
  '--create-namespace',
  '--values',
  values,
  '--set',
  `images.registry=${REGISTRY}`,
  // An image with the same tag may be another one: its pods start anew.
  ...['controlPlane', 'dataPlane'].flatMap((plane) => [
    '--set-string',
    `${plane}.podAnnotations.steppe\\.dev/images=${imagesHash()}`,
  ]),
  '--timeout',
  '5m',
]);
for (const plane of ['control-plane', 'data-plane']) {
  const deployment = `deployment/${release}-${plane}`;
  kubectl(['--namespace', NAMESPACE, 'rollout', 'status', deployment, '--timeout=180s']);
}
process.stdout.write(banner());

/** `make images` leaves a record of each image. */
function records() {
  const folder = join(root, 'dist/images');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /^[a-z-]+\.json$/.test(file))
    .sort();
}

function imageNames() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return records().map((file) => `${REGISTRY}/steppe/${file.replace('.json', '')}:${version}`);
}

function imagesHash() {
  const hash = createHash('sha256');
  for (const file of records()) hash.update(readFileSync(join(root, 'dist/images', file)));
  return hash.digest('hex').slice(0, 12);
}

function read(kind, name, jsonpath) {
  const args = ['--namespace', NAMESPACE, 'get', kind, name, '--ignore-not-found', '--output'];
  return kubectl([...args, `jsonpath=${jsonpath}`], { capture: true }).trim();
}

function banner() {
  const address = read(
    'service',
    `${release}-data-plane`,
    '{.spec.clusterIP}:{.spec.ports[0].port}',
  );
  const secret = read('secret', `${release}-dev-issuer`, '{.data.token}');
  const token = Buffer.from(secret, 'base64').toString() || '<a token of your issuer>';
  const call = `curl -sS -H "Authorization: Bearer $STEPPE_TOKEN" -H 'Content-Type: application/json'`;
  const shell = isExisting
    ? ''
    : `Its addresses can be reached inside the cluster's network alone. A shell there:

tools/cluster/cluster exec bash

`;
  return `
Steppe listens on http://${address}

${shell}Paste this. It creates a session and runs two steps; the second sees what the first left in memory.

export STEPPE_URL=http://${address}
export STEPPE_TOKEN=${token}
SESSION=$(${call} -d '{"runtime":"python"}' $STEPPE_URL/v1/sessions | grep -o 'ses_[0-9A-Za-z]*' | head -n 1)
${call} -d '{"code":"x = 20"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo
${call} -d '{"code":"x + 22"}' $STEPPE_URL/v1/sessions/$SESSION/steps; echo

helm uninstall ${release} --namespace ${NAMESPACE}   ends it all, the sessions too; helm is ${join(tools, 'helm')}
`;
}

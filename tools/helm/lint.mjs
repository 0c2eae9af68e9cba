// Checks the chart: helm lint, the schemas of Kubernetes, and the rendering of each example values
// file, which must equal the one in infra/chart/golden/. With --write it renews those.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { writeSchemas } from './kubernetes-schemas.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const chart = join(root, 'infra/chart');
const { version: kubernetesVersion } = /k8s\.io\/kubernetes v(?<version>\S+)/.exec(
  readFileSync(join(root, 'tools/cluster/kube/go.mod'), 'utf8'),
).groups;

const run = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'], ...options });

let directory;
try {
  directory = run(join(root, 'tools/helm/install'), []).trim();
} catch {
  process.exit(1);
}
const helm = (...args) => run(join(directory, 'helm'), args);

const examples = readdirSync(join(chart, 'examples')).map((file) => file.replace(/\.yaml$/, ''));
const valuesOf = (example) => ['--values', join(chart, `examples/${example}.yaml`)];
const render = (example) =>
  helm(
    'template',
    'steppe',
    chart,
    '--namespace',
    'steppe',
    '--kube-version',
    kubernetesVersion,
    ...valuesOf(example),
  );

function checkRendering(example, rendered) {
  const golden = join(chart, `golden/${example}.yaml`);
  if (process.argv.includes('--write')) writeFileSync(golden, rendered);
  else if (readFileSync(golden, 'utf8') !== rendered) {
    console.error(
      `${golden.slice(root.length)} is not what the chart renders: make chart-goldens, and read the difference`,
    );
    process.exitCode = 1;
  }
}

function checkSchemas(rendered) {
  const schemas = mkdtempSync(join(tmpdir(), 'steppe-schemas-'));
  try {
    const objects = parseAllDocuments(rendered).map((document) => document.toJS());
    writeSchemas(root, objects.filter(Boolean), schemas);
    const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
    // Only their operator has the schemas of these.
    const skipped = 'ServiceMonitor,PrometheusRule';
    const args = ['-schema-location', location, '-skip', skipped, '-summary', '-'];
    console.error(run(join(directory, 'kubeconform'), args, { input: rendered }).trim());
  } catch (error) {
    console.error(error.stdout || error.message);
    process.exitCode = 1;
  } finally {
    rmSync(schemas, { recursive: true });
  }
}

for (const example of examples) {
  try {
    helm('lint', chart, '--strict', '--quiet', '--namespace', 'steppe', ...valuesOf(example));
  } catch (error) {
    console.error(error.stdout);
    process.exitCode = 1;
  }
  const rendered = render(example);
  checkRendering(example, rendered);
  checkSchemas(rendered);
}

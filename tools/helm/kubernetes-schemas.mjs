// JSON schemas of Kubernetes' objects, from the OpenAPI document in Kubernetes' own Go module.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const clusterModule = 'tools/cluster/kube';

/** The module that the cluster of the tests is built from; go.sum checks what is downloaded. */
function readOpenApi(root) {
  const output = execFileSync('go', ['mod', 'download', '-json', 'k8s.io/kubernetes'], {
    cwd: join(root, clusterModule),
    encoding: 'utf8',
  });
  const path = join(JSON.parse(output).Dir, 'api/openapi-spec/swagger.json');
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** kubeconform's name for the schema of a kind. */
const fileName = ({ group, version, kind }) =>
  `${[kind, group.split('.')[0], version].filter(Boolean).join('-').toLowerCase()}.json`;

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (schema.format === 'int-or-string') return { type: ['string', 'integer'] };
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, strict(value)]),
  );
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined)
    copy.additionalProperties = false;
  return copy;
}

function usedDefinitions(definitions, name, used = {}) {
  if (used[name]) return used;
  used[name] = name === quantity ? { type: ['string', 'number'] } : strict(definitions[name]);
  const text = JSON.stringify(used[name]);
  for (const [, next] of text.matchAll(/"#\/definitions\/([^"]+)"/g))
    usedDefinitions(definitions, next, used);
  return used;
}

/** Writes the schema of every kind among `objects` that Kubernetes itself has. */
export function writeSchemas(root, objects, directory) {
  const { definitions } = readOpenApi(root);
  const wanted = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`));
  for (const [name, definition] of Object.entries(definitions)) {
    for (const kind of definition['x-kubernetes-group-version-kind'] ?? []) {
      const apiVersion = [kind.group, kind.version].filter(Boolean).join('/');
      if (!wanted.has(`${apiVersion}/${kind.kind}`)) continue;
      const schema = {
        $ref: `#/definitions/${name}`,
        definitions: usedDefinitions(definitions, name),
      };
      writeFileSync(join(directory, fileName(kind)), JSON.stringify(schema));
    }
  }
}

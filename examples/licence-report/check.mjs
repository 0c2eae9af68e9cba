import assert from 'node:assert/strict';

export const runtime = 'python';
export const downloads = ['licences.csv'];

/** Compares the output of the five steps with the same figures, computed here. */
export function check({ lock, steps, files }) {
  const packages = Object.entries(lock.packages).filter(
    ([path, entry]) => path.startsWith('node_modules/') && !entry.link,
  );
  const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const [parsed, counted, indexed, queried, written] = steps;

  assert.equal(
    parsed.stdout,
    `${packages.length} packages in a lock file of version ${lock.lockfileVersion}\n`,
  );

  const mit = packages.filter(([, entry]) => entry.license === 'MIT').length;
  assert.match(counted.stdout, new RegExp(`^ +${mit} MIT$`, 'm'));
  const smithy = packages.filter(([path]) => nameOf(path).startsWith('@smithy/')).length;
  assert.match(counted.results[0]['text/plain'], new RegExp(`'@smithy': ${smithy}\\b`));

  const dependents = new Map();
  for (const [path, { dependencies = {} }] of packages) {
    for (const name of Object.keys(dependencies))
      dependents.set(name, (dependents.get(name) ?? new Set()).add(nameOf(path)));
  }
  const ofZod = [...(dependents.get('zod') ?? [])].sort();
  assert.equal(
    indexed.results[0]['text/plain'],
    `[${ofZod.map((name) => `'${name}'`).join(', ')}]`,
  );

  const favourite = queried.results[0]['text/plain'].slice(1, -1);
  const most = Math.max(...[...dependents.values()].map((users) => users.size));
  assert.equal(dependents.get(favourite)?.size, most);
  assert.equal(queried.stdout, `${favourite} is a dependency of ${most} packages\n`);

  assert.equal(written.stdout, `wrote ${packages.length} rows\n`);
  const rows = files['licences.csv'].trimEnd().split('\r\n');
  assert.equal(rows[0], 'package,version,licence');
  assert.equal(rows.length, packages.length + 1);
  const { version, license } = lock.packages['node_modules/hono'];
  assert.ok(rows.includes(`hono,${version},${license}`));
}

import assert from 'node:assert/strict';

export const runtime = 'node';
export const downloads = [];

/** Compares the output of the five steps with the same figures, computed here. */
export function check({ lock, steps }) {
  const installed = Object.entries(lock.packages).filter(
    ([path, entry]) => path.startsWith('node_modules/') && !entry.link,
  );
  const dependencies = new Map();
  for (const [path, entry] of installed) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    dependencies.set(name, [
      ...(dependencies.get(name) ?? []),
      ...Object.keys(entry.dependencies ?? {}),
    ]);
  }
  const reach = (name) => {
    const seen = new Set();
    for (const queue = [name]; queue.length > 0; ) {
      for (const next of dependencies.get(queue.pop()) ?? []) {
        if (!seen.has(next)) queue.push(next);
        seen.add(next);
      }
    }
    return seen.size;
  };
  const [read, declared, built, queried, alone] = steps;

  assert.equal(read.stdout, `${installed.length} packages are installed\n`);
  assert.equal(declared.status, 'completed');
  assert.equal(built.results.at(-1)['text/plain'], String(dependencies.size));

  const heaviest = queried.results.at(-1)['application/json'];
  const most = Math.max(...[...dependencies.keys()].map(reach));
  assert.equal(heaviest.length, 5);
  assert.equal(heaviest[0].brings, most);
  for (const { name, brings } of heaviest) assert.equal(brings, reach(name));
  assert.match(queried.stdout, /brings/);

  const without = [...dependencies.keys()].filter((name) => reach(name) === 0).length;
  assert.deepEqual(alone.results.at(-1)['application/json'], {
    alone: without,
    share: Number((without / dependencies.size).toFixed(3)),
  });
}

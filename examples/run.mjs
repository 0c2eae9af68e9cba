// Runs the steps of each example in a session of its own, shows their output, and checks it. Starts
// a local mode for this unless STEPPE_URL and STEPPE_TOKEN name a service that already runs.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startLocal } from './start-local.mjs';
import { connect } from './steppe-client.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

async function runExample(client, name) {
  const { runtime, downloads, check } = await import(`./${name}/check.mjs`);
  const lock = readFileSync(`${root}package-lock.json`);
  const session = await client.createSession(runtime);
  try {
    await session.upload('package-lock.json', lock);
    const steps = [];
    for (const file of readdirSync(`${here}${name}`)
      .filter((entry) => /^\d/.test(entry))
      .sort()) {
      console.log(`\n── ${name}/${file}`);
      const result = await session.run(readFileSync(`${here}${name}/${file}`, 'utf8'));
      process.stdout.write(result.stdout + result.stderr);
      for (const bundle of result.results) console.log(bundle['text/plain']);
      if (result.error) console.log(result.error.traceback.join('\n'));
      if (result.status !== 'completed') throw new Error(`${name}/${file} ended ${result.status}`);
      steps.push(result);
    }
    const files = {};
    for (const path of downloads) files[path] = await session.download(path);
    for (const [path, text] of Object.entries(files))
      console.log(`\n── ${name}: ${path}, ${text.length} characters`);
    check({ lock: JSON.parse(lock), steps, files });
    console.log(`✓ ${name}: ${steps.length} steps, as expected`);
  } finally {
    await session.end();
  }
}

const { STEPPE_URL: url, STEPPE_TOKEN: token } = process.env;
const service = url && token ? { url, token, stop: async () => {} } : await startLocal();
const names = ['licence-report', 'dependency-graph'];
try {
  for (const name of names) await runExample(connect(service), name);
  console.log(`\n${names.length} passed, 0 failed`);
} finally {
  await service.stop();
}

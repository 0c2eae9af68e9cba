// Leaves beside the agent's bundle what V8 makes of it, for session-agent/start.cjs: after a run, which compiles what a start needs.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

const bundle = join(__dirname, '..', 'dist', 'session-agent', 'main.cjs');
const script = new vm.Script(readFileSync(bundle, 'utf8'), {
  filename: bundle,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
process.on('exit', () => writeFileSync(`${bundle}.v8`, script.createCachedData()));
process.argv.push('--help');
script.runInThisContext()(require);

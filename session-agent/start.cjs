// Starts the agent from its bundle with the code that V8 made of it when it was built: an agent is started for every session, and
// compiling is a large part of its start. Another version of V8 rejects that code and compiles as usual.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

const bundle = join(__dirname, 'session-agent', 'main.cjs');
const script = new vm.Script(readFileSync(bundle, 'utf8'), {
  filename: bundle,
  cachedData: readFileSync(`${bundle}.v8`),
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
script.runInThisContext()(require);

// Starts the agent from its bundle with the code that V8 made of it when it was built: an agent is
// started for every session, and compiling is a large part of its start. Another version of V8
// rejects that code and compiles as usual.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

const bundle = join(__dirname, 'session-agent', 'main.cjs');
const cache = `${bundle}.v8`;

/**
 * The bundle, which is ASCII, as it runs and as its cache is made: V8 rejects what was made of
 * another source or otherwise.
 */
const agentScript = (cachedData) =>
  new vm.Script(readFileSync(bundle, 'latin1'), {
    filename: bundle,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });

if (require.main === module) agentScript(readFileSync(cache)).runInThisContext()(require);
else module.exports = { agentScript, bundle, cache };

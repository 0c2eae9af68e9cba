// Starts the agent from its bundle with V8's code cache, which the build writes beside it. Every
// session starts an agent, and without the cache that start takes a quarter more CPU time. Another
// version of V8 rejects the cache and compiles as usual.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');

// One agent for each session: memory counts more than a few collections. The young generation stays
// small, and the old one grows little before it is collected.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=30');

const bundle = join(__dirname, 'session-agent', 'main.cjs');
const cache = `${bundle}.v8`;

/**
 * The bundle, which is ASCII, as a script. The build creates the cache with the same function,
 * because V8 rejects a cache that was created from another source or in another way.
 */
const agentScript = (cachedData) =>
  new vm.Script(readFileSync(bundle, 'latin1'), {
    filename: bundle,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });

if (require.main === module) agentScript(readFileSync(cache)).runInThisContext()(require);
else module.exports = { agentScript, bundle, cache };

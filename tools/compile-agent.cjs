// Leaves beside the agent's bundle what V8 makes of it: after a run, which compiles what a start needs.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { agentScript, cache } = require(join(__dirname, '..', 'dist', 'session-agent.cjs'));

const script = agentScript();
process.on('exit', () => writeFileSync(cache, script.createCachedData()));
process.argv.push('--help');
script.runInThisContext()(require);

/**
 * In the place of `node:assert`, of which the agent's libraries need this alone, and which takes a
 * while to load.
 */
module.exports = function assert(isTrue, message = 'the assertion does not hold') {
  if (!isTrue) throw new Error(message);
};

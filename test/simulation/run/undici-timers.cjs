'use strict';
// In place of undici's own module of this name: see bundle.ts.

/** As undici's, whose parser hands an argument on. */
const start = (act, delayMs, argument) => setTimeout(act, delayMs, argument);
const stop = (timer) => clearTimeout(timer);

module.exports = {
  setTimeout: start,
  clearTimeout: stop,
  setFastTimeout: start,
  clearFastTimeout: stop,
};

import { execFileSync } from 'node:child_process';

/** Tests start the same bundles as `make run`, and never outdated ones. */
export const setup = (): void => {
  execFileSync('make', ['--silent', 'build'], { stdio: ['ignore', 'inherit', 'inherit'] });
};

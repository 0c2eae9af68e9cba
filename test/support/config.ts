/** The environment of a process under test: what it needs to run, and what the test sets. */
export const testEnvironment = (env: Record<string, string>): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  ...env,
});

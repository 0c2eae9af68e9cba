import type { Language } from '@steppe/contracts/session';

/**
 * Node, the C library and what is linked to them read these once. Python's driver handles its own:
 * it can exec in its place.
 */
const readAtStart: Readonly<Record<Language, RegExp | undefined>> = {
  python: undefined,
  node: /^(NODE_|LD_|DYLD_|GLIBC_|MALLOC_|OMP_|OPENBLAS_|MKL_|UV_|OPENSSL_|SSL_CERT_)/,
};

/** Whether an interpreter that runs would not heed these variables. */
export const needsRenewal = (language: Language, env: Readonly<Record<string, string>>): boolean =>
  Object.keys(env).some((name) => readAtStart[language]?.test(name));

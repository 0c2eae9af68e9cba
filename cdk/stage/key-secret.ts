/** The secret in Secrets Manager that holds the private keys of a plane. */
export const keySecretName = (stage: string, plane: string): string =>
  `steppe/${stage}/${plane}-key`;

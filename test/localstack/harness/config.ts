import * as z from 'zod';

const variables = z.object({
  AWS_ENDPOINT_URL: z.url(),
  AWS_REGION: z.string().min(1),
  /** The outputs of the Storage stack that `cdk deploy` wrote. */
  STEPPE_STORAGE: z.string().min(1),
  /** A file to which the services' uses of DynamoDB are appended. */
  STEPPE_USES: z.string().min(1),
  /** The port of the LocalStack that `make test-localstack` started; unset for another one. */
  LOCALSTACK_PORT: z.string().optional(),
  LOCALSTACK: z.string().optional(),
});

/** What `make test-localstack` started and deployed. */
export const readTestConfig = () => {
  const env = variables.parse(process.env);
  return {
    endpoint: env.AWS_ENDPOINT_URL,
    region: env.AWS_REGION,
    storageFile: env.STEPPE_STORAGE,
    usesFile: env.STEPPE_USES,
    /** The variables of the program `localstack`; undefined if the LocalStack is not ours. */
    program: env.LOCALSTACK_PORT && {
      LOCALSTACK_PORT: env.LOCALSTACK_PORT,
      ...(env.LOCALSTACK && { LOCALSTACK: env.LOCALSTACK }),
    },
  };
};

/** LocalStack accepts any credentials. */
export const credentialVariables = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

import { loadConfig } from '@steppe/service-kit/config/load-config';
import { checkStoreEndpoint, planeVariables } from '@steppe/service-kit/config/plane-variables';
import {
  commonVariables,
  integerVariable,
  jsonObjectVariable,
  listVariable,
  requiredText,
} from '@steppe/service-kit/config/variables';
import * as z from 'zod';

const keySecretVariables = {
  CONTROL_PLANE_KEY_SECRET: z.string().min(1).optional(),
  DATA_PLANE_KEY_SECRET: z.string().min(1).optional(),
};

const makeKeysVariables = z.object({
  NAMESPACE: requiredText.describe('namespace of the planes'),
  ...keySecretVariables,
  DEV_ISSUER: z.string().min(1).optional().describe('Secret and ConfigMap of the dev issuer'),
  DEV_ISSUER_TENANT: z.string().default('development').describe('the tenant of its token'),
  DEV_ISSUER_TOKEN_TTL_SECONDS: integerVariable(60, 31_536_000)
    .default(2_592_000)
    .describe('seconds until its token expires'),
});

const publishKeysVariables = z.object({
  NAMESPACE: requiredText.describe('namespace of the planes'),
  CONTROL_PLANE_KEY_SECRET: requiredText,
  DATA_PLANE_KEY_SECRET: requiredText,
  SESSIONS_NAMESPACE: requiredText.describe('namespace of the sessions'),
  PUBLIC_KEYS_CONFIG_MAP: requiredText.describe('ConfigMap that agents mount'),
});

const selectorVariable = jsonObjectVariable.pipe(z.record(z.string(), z.string()));

const { INTERNAL_KEY_FILE: _, DYNAMODB_TIMEOUT_MS: __, ...storeVariables } = planeVariables;

const endSessionsVariables = z
  .object({
    STEPPE_ENV: commonVariables.STEPPE_ENV,
    NAMESPACE: requiredText.describe('namespace of the planes'),
    SESSIONS_NAMESPACE: requiredText.describe('namespace of the sessions'),
    KEEPS_SESSIONS_NAMESPACE: z.stringbool().default(false),
    KEEPS_TABLE: z.stringbool().default(true),
    CONTROL_PLANE_DEPLOYMENT: requiredText,
    CONTROL_PLANE_SELECTOR: selectorVariable.describe('labels of the control-plane’s pods'),
    SECRETS: listVariable.default([]).describe('Secrets of the planes to delete'),
    CONFIG_MAPS: listVariable.default([]).describe('ConfigMaps of the planes to delete'),
    PUBLIC_KEYS_CONFIG_MAP: z.string().min(1).optional(),
    TIME_LIMIT_SECONDS: integerVariable(1, 3_600).default(240),
    ...storeVariables,
  })
  .check(checkStoreEndpoint);

export type MakeKeysConfig = z.output<typeof makeKeysVariables>;
export type PublishKeysConfig = z.output<typeof publishKeysVariables>;
export type EndSessionsConfig = z.output<typeof endSessionsVariables>;

const load = <S extends z.ZodObject>(service: string, variables: S): z.output<S> =>
  loadConfig({ service, variables, env: process.env, args: process.argv.slice(2) });

export const readMakeKeysConfig = () => load('make-keys', makeKeysVariables);
export const readPublishKeysConfig = () => load('publish-keys', publishKeysVariables);
export const readEndSessionsConfig = () => load('end-sessions', endSessionsVariables);

/** Unset: the service account of the pod. */
export const kubeConfigPaths = (): string | undefined => process.env.KUBECONFIG || undefined;

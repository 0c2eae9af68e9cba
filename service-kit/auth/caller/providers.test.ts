import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { namedIssues, parseVariables } from '../../config/load-config.ts';
import { commonVariables } from '../../config/variables.ts';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { type KeyServer, startKeyServer } from '../../testing/key-server.ts';
import { makeTokenMaker, nowSeconds, type TokenMaker } from '../../testing/token-maker.ts';
import { callerVariables, checkCallerVariables, toCallerConfig } from './caller-variables.ts';
import { createCallerVerifier } from './create-caller-verifier.ts';

const variables = z.object({ ...commonVariables, ...callerVariables }).check(checkCallerVariables);
const logger = createLogger({ service: 'test', level: 'silent' });
const times = () => ({ iat: nowSeconds() - 10, exp: nowSeconds() + 3_600 });

interface Provider {
  name: string;
  /** The variables that an operator sets besides JWKS_URL. */
  env: Record<string, string>;
  claims: Record<string, unknown>;
  tenantId: string;
  scopes: string[];
  /** Tokens of the same issuer that are for another audience or of another kind. */
  refused: [string, Record<string, unknown>, RegExp][];
}

const auth0: Provider = {
  name: 'Auth0',
  env: {
    JWT_ISSUER: 'https://acme.eu.auth0.com/',
    JWT_AUDIENCE: 'https://steppe.acme.example',
    JWT_TENANT_CLAIM: 'https://acme.example/tenant',
  },
  claims: {
    iss: 'https://acme.eu.auth0.com/',
    sub: 'auth0|6630a1c2f3b4d5e6f7a8b9c0',
    aud: ['https://steppe.acme.example', 'https://acme.eu.auth0.com/userinfo'],
    azp: 'yX2qS8mZ1wB4nK7rT0vL3hD6fJ9pC5aE',
    scope: 'openid profile sessions:read sessions:write steps:run',
    permissions: ['sessions:read', 'sessions:write', 'steps:run'],
    'https://acme.example/tenant': 'research',
  },
  tenantId: 'research',
  scopes: ['openid', 'profile', 'sessions:read', 'sessions:write', 'steps:run'],
  refused: [['for its userinfo alone', { aud: 'https://acme.eu.auth0.com/userinfo' }, /aud/]],
};

const cognito: Provider = {
  name: 'Cognito',
  env: {
    JWT_ISSUER: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e',
    JWT_AUDIENCE: '7h1example2client3id4abcdef,5anotherclient6id7ghijkl8',
    JWT_AUDIENCE_CLAIM: 'client_id',
    JWT_TENANT_CLAIM: 'client_id',
    JWT_SCOPE_MAP: JSON.stringify({
      'steppe/sessions.read': 'sessions:read',
      'steppe/sessions.write': 'sessions:write',
      'steppe/steps.run': 'steps:run',
    }),
  },
  // An access token of Cognito has no aud.
  claims: {
    iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e',
    sub: '7h1example2client3id4abcdef',
    token_use: 'access',
    scope: 'steppe/sessions.read steppe/steps.run other/sessions.write',
    auth_time: nowSeconds() - 10,
    version: 2,
    jti: 'a1f9c3d2-0b6e-4f7a-9c55-2d1e8b7a6c04',
    client_id: '7h1example2client3id4abcdef',
  },
  tenantId: '7h1example2client3id4abcdef',
  scopes: ['sessions:read', 'steps:run'],
  refused: [
    ['of another client of the pool', { client_id: '0stranger' }, /client_id/],
    [
      'that is an ID token',
      {
        client_id: undefined,
        aud: '7h1example2client3id4abcdef',
        token_use: 'id',
        scope: undefined,
      },
      /client_id/,
    ],
  ],
};

const keycloak: Provider = {
  name: 'Keycloak',
  env: {
    JWT_ISSUER: 'https://sso.acme.example/realms/acme',
    JWT_AUDIENCE: 'steppe',
    JWT_TENANT_CLAIM: 'organisation.id',
    JWT_SCOPE_CLAIM: 'resource_access.steppe.roles,realm_access.roles',
    JWT_SCOPE_MAP: JSON.stringify({
      'steppe-viewer': ['sessions:read'],
      'steppe-user': ['sessions:read', 'sessions:write', 'steps:run'],
    }),
  },
  claims: {
    jti: '8d2f0f5e-6f0b-4a55-8f3c-6b1d1f7f2b11',
    iss: 'https://sso.acme.example/realms/acme',
    aud: ['steppe', 'account'],
    sub: 'f:1b2c:ada',
    typ: 'Bearer',
    azp: 'notebook-frontend',
    sid: '0c1b6b8e-3f66-4d37-9f4c-9d0c3f0b2f55',
    acr: '1',
    realm_access: {
      roles: ['offline_access', 'uma_authorization', 'default-roles-acme', 'steppe-viewer'],
    },
    resource_access: {
      steppe: { roles: ['steppe-user'] },
      account: { roles: ['manage-account', 'view-profile'] },
    },
    scope: 'profile email',
    organisation: { id: 'acme-research' },
    preferred_username: 'ada',
  },
  tenantId: 'acme-research',
  scopes: ['sessions:read', 'sessions:write', 'steps:run'],
  refused: [
    ['for the account console alone', { aud: 'account' }, /aud/],
    ['of another realm', { iss: 'https://sso.acme.example/realms/guests' }, /iss/],
  ],
};

const tid = '9f0c1a52-7c1e-4a53-9a2b-0d8a4c6e1f37';
const entra: Provider = {
  name: 'Entra',
  env: {
    JWT_ISSUER: `https://login.microsoftonline.com/${tid}/v2.0`,
    JWT_AUDIENCE: '2b7d6f1e-5c0a-4c58-8a4e-1f3b9d7c6a20,api://steppe',
    JWT_TENANT_CLAIM: 'tid',
    // Tokens of people have scp, those of programs have only roles.
    JWT_SCOPE_CLAIM: 'scp,roles',
    JWT_SCOPE_MAP: JSON.stringify({
      'Sessions.Read': 'sessions:read',
      'Sessions.Write': 'sessions:write',
      'Steps.Run': 'steps:run',
    }),
  },
  claims: {
    aud: '2b7d6f1e-5c0a-4c58-8a4e-1f3b9d7c6a20',
    iss: `https://login.microsoftonline.com/${tid}/v2.0`,
    nbf: nowSeconds() - 10,
    azp: 'c5a0e1b4-8f6d-4d0e-b1a9-7e2f4c3d5b68',
    azpacr: '1',
    name: 'Ada',
    oid: '3e8f2d10-6b1c-4f7a-9d25-c0a7b4e1f693',
    roles: ['Sessions.Read', 'Sessions.Write', 'Steps.Run'],
    scp: 'Sessions.Read Steps.Run',
    sub: 'q3J0Zc1v8mT5yN2uW7xR4bK6pL9sD0fG',
    tid,
    uti: 'A1b2C3d4E5f6G7h8I9j0AA',
    ver: '2.0',
  },
  tenantId: tid,
  scopes: ['sessions:read', 'steps:run'],
  refused: [
    ['for Graph', { aud: '00000003-0000-0000-c000-000000000000' }, /aud/],
    ['of version 1 of its endpoint', { iss: `https://sts.windows.net/${tid}/`, ver: '1.0' }, /iss/],
  ],
};

const kubernetes: Provider = {
  name: 'a Kubernetes service account',
  env: {
    JWT_ISSUER: 'https://kubernetes.default.svc.cluster.local',
    JWT_AUDIENCE: 'steppe',
    JWT_TENANT_CLAIM: 'kubernetes.io.namespace',
    JWT_DEFAULT_SCOPES: 'sessions:read,sessions:write,steps:run',
  },
  claims: {
    aud: ['steppe'],
    iss: 'https://kubernetes.default.svc.cluster.local',
    jti: '5a0d7c1e-2f4b-4c8e-9b36-8e1f0a7d2c95',
    'kubernetes.io': {
      namespace: 'agents',
      node: { name: 'worker-1', uid: '0f6a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b' },
      pod: { name: 'planner-7d9c6b5f4-x2x8z', uid: 'b1c2d3e4-f5a6-4b7c-8d9e-0f1a2b3c4d5e' },
      serviceaccount: { name: 'planner', uid: 'c9b8a7f6-e5d4-4c3b-9a21-0f1e2d3c4b5a' },
      warnafter: nowSeconds() + 3_597,
    },
    nbf: nowSeconds() - 10,
    sub: 'system:serviceaccount:agents:planner',
  },
  tenantId: 'agents',
  scopes: ['sessions:read', 'sessions:write', 'steps:run'],
  refused: [
    ['for the API server', { aud: ['https://kubernetes.default.svc.cluster.local'] }, /aud/],
  ],
};

let issuer: TokenMaker;
let server: KeyServer;
beforeAll(async () => {
  issuer = await makeTokenMaker('provider-1', 'RS256');
  server = await startKeyServer(issuer.publicJwk);
});
afterAll(() => server.stop());

describe.each([auth0, cognito, keycloak, entra, kubernetes])(
  'tokens of $name',
  ({ env, claims, tenantId, scopes, refused }) => {
    const open = async () => {
      const parsed = parseVariables(variables, { ...env, JWKS_URL: server.url });
      if (!parsed.success) throw new Error(namedIssues(parsed.error).join('\n'));
      return createCallerVerifier(toCallerConfig(parsed.data), logger, systemClock);
    };
    const verify = async (changed: Record<string, unknown> = {}) =>
      (await open()).verify(`Bearer ${await issuer.sign({ ...times(), ...claims, ...changed })}`);

    test('contain the tenant and its scopes', async () => {
      expect(await verify()).toEqual({ tenantId, scopes: new Set(scopes) });
    });

    test.each(refused)('are refused %s', async (_what, changed, why) => {
      await expect(verify(changed)).rejects.toMatchObject({
        code: 'unauthenticated',
        message: expect.stringMatching(why),
      });
    });
  },
);

test('roles are used for a program in Entra, whose token has no scp', async () => {
  const verifier = await createCallerVerifier(
    toCallerConfig(variables.parse({ ...entra.env, JWKS_URL: server.url })),
    logger,
    systemClock,
  );
  const token = await issuer.sign({
    ...times(),
    ...entra.claims,
    scp: undefined,
    idtyp: 'app',
    roles: ['Sessions.Write'],
  });
  expect(await verifier.verify(`Bearer ${token}`)).toMatchObject({
    scopes: new Set(['sessions:write']),
  });
});

test('the requesting client is used for a Keycloak without an audience mapper', async () => {
  const env = {
    ...keycloak.env,
    JWT_AUDIENCE: 'notebook-frontend',
    JWT_AUDIENCE_CLAIM: 'azp',
    JWKS_URL: server.url,
  };
  const verifier = await createCallerVerifier(
    toCallerConfig(variables.parse(env)),
    logger,
    systemClock,
  );
  const signed = (azp: string) =>
    issuer.sign({ ...times(), ...keycloak.claims, aud: 'account', azp });
  expect(await verifier.verify(`Bearer ${await signed('notebook-frontend')}`)).toMatchObject({
    tenantId: 'acme-research',
  });
  await expect(async () =>
    verifier.verify(`Bearer ${await signed('another')}`),
  ).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});

import { type TenantId, tenantIdSchema } from '@steppe/contracts/ids';
import { type Scope, scopes } from '@steppe/contracts/scopes';
import type { CallerVerifier } from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';

/** A header that `tenantVerifier` accepts. */
export const authorizationOf = (
  tenantId: TenantId,
  allowed: readonly Scope[] = scopes,
  sessionQuota?: number,
): string => `Bearer ${encodeURIComponent(tenantId)}|${allowed.join(',')}|${sessionQuota ?? ''}`;

/** Trusts the header without verifying it. */
export const tenantVerifier: CallerVerifier = {
  authMode: 'jwt',
  verify(authorization) {
    const [tenant, allowed = '', quota = ''] =
      authorization?.replace('Bearer ', '').split('|') ?? [];
    if (!tenant) throw new AppError('unauthenticated', 'there is no token');
    return {
      tenantId: tenantIdSchema.parse(decodeURIComponent(tenant)),
      scopes: new Set(allowed.split(',')),
      sessionQuota: quota === '' ? undefined : Number(quota),
    };
  },
};

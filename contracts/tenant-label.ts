import { createHash } from 'node:crypto';
import type { TenantId } from './ids.ts';

const hashLength = 32;

/**
 * The value of a Kubernetes label that stands for a tenant: a tenant's name may have any characters
 * and 256 of them, a label's value may not. The first 128 bits of its SHA-256, as lower-case
 * hexadecimal digits: equal for equal tenants, and different for two tenants that anybody can find.
 */
export const tenantLabel = (tenantId: TenantId): string =>
  createHash('sha256').update(tenantId, 'utf8').digest('hex').slice(0, hashLength);

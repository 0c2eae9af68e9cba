import { AppError } from '../app-error.ts';

export interface BodyBudgetOptions {
  /** Bytes of bodies that may be in memory at the same time. */
  totalBytes: number;
  /** The same limit for one tenant. */
  tenantBytes: number;
}

export const defaultBodyBudget: BodyBudgetOptions = {
  totalBytes: 256 * 1024 * 1024,
  tenantBytes: 64 * 1024 * 1024,
};

/** The part of the budget that one request uses. */
export interface BodyShare {
  /** Takes this many more bytes. @throws AppError `rate_limited` if they are not left. */
  take(bytes: number): void;
}

export interface OpenShare extends BodyShare {
  /** Returns all of its bytes. */
  release(): void;
}

export interface BodyBudget {
  /** Opens a share for one request; the caller has to release it. */
  open(tenantId: string): OpenShare;
  /** Calls `use` with a share of its own, and returns all of its bytes when `use` has ended. */
  hold<T>(tenantId: string, use: (share: BodyShare) => Promise<T>): Promise<T>;
}

/**
 * Bounds the memory of request bodies, so that neither one tenant nor all tenants together can fill
 * it with incomplete bodies.
 */
export function createBodyBudget({ totalBytes, tenantBytes }: BodyBudgetOptions): BodyBudget {
  const byTenant = new Map<string, number>();
  let total = 0;
  const add = (tenantId: string, bytes: number) => {
    total += bytes;
    const held = (byTenant.get(tenantId) ?? 0) + bytes;
    if (held > 0) byTenant.set(tenantId, held);
    else byTenant.delete(tenantId);
  };
  const open = (tenantId: string): OpenShare => {
    let own = 0;
    return {
      take(bytes) {
        if ((byTenant.get(tenantId) ?? 0) + bytes > tenantBytes)
          throw isFull('the tenant', 'tenant_bodies', tenantBytes);
        if (total + bytes > totalBytes) throw isFull('all tenants', 'bodies', totalBytes);
        add(tenantId, bytes);
        own += bytes;
      },
      release() {
        if (own > 0) add(tenantId, -own);
        own = 0;
      },
    };
  };
  return {
    open,
    async hold(tenantId, use) {
      const share = open(tenantId);
      try {
        return await use(share);
      } finally {
        share.release();
      }
    },
  };
}

const isFull = (whose: string, limit: string, maxBytes: number): AppError =>
  new AppError(
    'rate_limited',
    `the request bodies of ${whose} use all of the ${maxBytes} bytes allowed; try again`,
    {
      details: { limit, max_bytes: maxBytes },
      headers: { 'Retry-After': '1' },
    },
  );

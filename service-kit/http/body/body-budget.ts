import { AppError } from '../app-error.ts';

export interface BodyBudgetOptions {
  /** Bytes of bodies that may be in memory at a time. */
  totalBytes: number;
  /** The same of one tenant. */
  tenantBytes: number;
}

export const defaultBodyBudget: BodyBudgetOptions = {
  totalBytes: 256 * 1024 * 1024,
  tenantBytes: 64 * 1024 * 1024,
};

/** What one request takes of the budget. */
export interface BodyShare {
  /** Takes so many bytes more. @throws AppError `rate_limited` where they are not left */
  take(bytes: number): void;
  /** Gives back what is held beyond so many bytes. */
  shrinkTo(bytes: number): void;
}

export interface OpenShare extends BodyShare {
  /** Gives back all of it. */
  release(): void;
}

export interface BodyBudget {
  /** A share for one request, which its caller has to release. */
  open(tenantId: string): OpenShare;
  /** Calls `use` with a share of its own, all of which is given back when `use` has ended. */
  hold<T>(tenantId: string, use: (share: BodyShare) => Promise<T>): Promise<T>;
}

/**
 * Bounds the memory of requests' bodies, so that no tenant, nor all together, can fill it with
 * bodies that are not whole yet.
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
    const shrinkTo = (bytes: number) => {
      const surplus = Math.max(0, own - bytes);
      if (surplus > 0) add(tenantId, -surplus);
      own -= surplus;
    };
    return {
      take(bytes) {
        if ((byTenant.get(tenantId) ?? 0) + bytes > tenantBytes)
          throw isFull('the tenant', 'tenant_bodies', tenantBytes);
        if (total + bytes > totalBytes) throw isFull('all tenants', 'bodies', totalBytes);
        add(tenantId, bytes);
        own += bytes;
      },
      shrinkTo,
      release: () => shrinkTo(0),
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
    `the request bodies of ${whose} already take up the ${maxBytes} bytes that they may; send it again`,
    {
      details: { limit, max_bytes: maxBytes },
      headers: { 'Retry-After': '1' },
    },
  );

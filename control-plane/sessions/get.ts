import { respondJson } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { authorised, readSessionId } from '../authorised.ts';
import { describeSession } from './describe-session.ts';
import { findSession } from './find-session.ts';
import type { SessionServices } from './session-services.ts';

export const getSessionOperation = (
  services: Pick<SessionServices, 'store' | 'agents' | 'clock'>,
) =>
  authorised('get_session', async ({ call, principal }) => {
    refuseQuery(call.search);
    const record = await findSession(services, principal.tenantId, readSessionId(call));
    return respondJson(call, await describeSession(services, record));
  });

import { expect, it } from 'vitest';
import { isReserved } from './create-app.ts';

it.each([
  ['POST', '/v1/sessions/ses_1/steps/stp_1/cancel'],
  ['POST', '/v1/sessions/ses_1/steps/stp_1/cancel?x=1'],
  ['POST', '/internal/end'],
  ['GET', '/internal/state'],
])('reserves a connection for %s %s', (method, url) => {
  expect(isReserved({ method, url })).toBe(true);
});

it.each([
  ['GET', '/v1/sessions/ses_1/steps/stp_1/cancel'],
  ['GET', '/v1/sessions/ses_1/steps/stp_1/events'],
  ['PUT', '/v1/sessions/ses_1/files/steps/stp_1/cancel'],
  ['POST', '/v1/sessions/ses_1/steps?/steps/stp_1/cancel'],
  ['POST', '/v1/sessions/ses_1/steps/cancel'],
])('reserves no connection for %s %s', (method, url) => {
  expect(isReserved({ method, url })).toBe(false);
});

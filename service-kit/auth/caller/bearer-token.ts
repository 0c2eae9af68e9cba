import { AppError } from '../../http/app-error.ts';
import { unauthenticated } from './unauthenticated.ts';

/** Returns the token of an `Authorization` header. @throws AppError `unauthenticated` */
export function bearerToken(authorization: string | undefined): string {
  if (!authorization) {
    // No error= here: RFC 6750 reserves it for requests that carry a token.
    throw new AppError('unauthenticated', 'there is no token; send Authorization: Bearer <JWT>', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
  const token = /^Bearer ([A-Za-z0-9_.~+/=-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('the Authorization header is not of the form Bearer <JWT>');
  return token;
}

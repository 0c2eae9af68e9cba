import { expect, test } from 'vitest';
import { type ReadResponse, ResponseReader } from './response-reader.ts';

/** Reads a text in pieces of that many bytes. */
function read(text: string, pieceBytes = text.length): ReadResponse[] {
  const responses: ReadResponse[] = [];
  const reader = new ResponseReader((response) => responses.push(response));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.push(bytes.subarray(at, at + pieceBytes));
  return responses;
}

const sized = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nb\r\n big\r\n world\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\n\r\n';

const all = [
  { status: 200, bytes: 5 },
  { status: 201, bytes: 16 },
  { status: 204, bytes: 0 },
  { status: 200, bytes: 5 },
];

test.each([1, 2, 3, 7, 64, 1000])('reads responses that arrive in pieces of %i bytes', (size) => {
  expect(read(sized + chunked + empty + sized, size)).toEqual(all);
});

test('skips an interim response', () => {
  expect(read(`HTTP/1.1 100 Continue\r\n\r\n${sized}`)).toEqual([{ status: 200, bytes: 5 }]);
});

test('reports nothing before the last byte', () => {
  expect(read(sized.slice(0, -1))).toEqual([]);
  expect(read(chunked.slice(0, -1))).toEqual([]);
});

test('refuses a response whose end nothing marks', () => {
  expect(() => read('HTTP/1.1 200 OK\r\n\r\n')).toThrow('without a length');
});

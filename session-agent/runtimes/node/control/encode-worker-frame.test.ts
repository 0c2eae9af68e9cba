import { expect, it } from 'vitest';
import { FrameDecoder } from '../../../protocol/frame-codec.ts';
import { workerFrameSchema } from '../../../protocol/frames.ts';
import { asRawJson } from '../../../protocol/raw-json.ts';
import { encodeWorkerFrame } from './encode-worker-frame.ts';

it('gives the agent the bundle as the text that it is', () => {
  const bundle = asRawJson('{"application/json":{"n":9223372036854775808,"__proto__":1e400}}');
  const frame = {
    type: 'display',
    step_id: 'stp_1',
    bundle,
    is_main_result: false,
    truncated: false,
  } as const;
  const decoded = [...new FrameDecoder().push(encodeWorkerFrame(frame))];
  expect(decoded.map((message) => workerFrameSchema.parse(message))).toEqual([frame]);
});

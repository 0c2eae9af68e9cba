const result = {
  step_id: 'stp_bench',
  status: 'completed',
  epoch: 1,
  execution_count: 1,
  stdout: '',
  stderr: '',
  results: [{ 'text/plain': '42' }],
  error: null,
};

const body = JSON.stringify(result).padEnd(400);

/** What fake agents respond to a step: as long as the result of `x += 1`. */
export const stepResponse = {
  body,
  headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
};

/** The few calls of the API that the examples need. */
export function connect({ url, token }) {
  const call = async (method, path, { json, body } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json && { 'content-type': 'application/json' }),
      },
      body: json ? JSON.stringify(json) : body,
    });
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    async createSession(runtime) {
      const { session_id: id } = await (
        await call('POST', '/v1/sessions', { json: { runtime } })
      ).json();
      const at = `/v1/sessions/${id}`;
      return {
        id,
        run: async (code) => (await call('POST', `${at}/steps`, { json: { code } })).json(),
        upload: (path, body) => call('PUT', `${at}/files/${path}`, { body }),
        download: async (path) => (await call('GET', `${at}/files/${path}`)).text(),
        end: () => call('DELETE', at),
      };
    },
  };
}

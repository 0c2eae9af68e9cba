// Shows the document of the server that this page came from. Requests go to that server only: the
// page's Content-Security-Policy allows no other.

/** Shows the samples of a call, which Swagger UI does not know. */
const codeSamples = ({ React }) => ({
  components: {
    OperationExt: ({ extensions }) =>
      React.createElement(
        'div',
        { className: 'opblock-description-wrapper' },
        extensions
          .get('x-codeSamples')
          .map((sample) => React.createElement('pre', { key: 'sample' }, sample.get('source'))),
      ),
  },
});

window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  plugins: [codeSamples],
  deepLinking: true,
  displayRequestDuration: true,
  showExtensions: true,
  // Otherwise Swagger UI sends the document's address to a public validator.
  validatorUrl: null,
});

# The data-plane, and the files of its page at /docs. Variables configure it; `--help` lists them.
ARG BASE=docker.io/library/debian:trixie-slim
ARG NODE=docker.io/library/node:24-trixie-slim

FROM $NODE AS build
COPY dist/data-plane.mjs /build/
COPY dist/docs /build/docs/
RUN chmod -R a+rX /build

FROM $BASE
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /nonexistent --no-create-home steppe
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build /opt/steppe
ARG VERSION
LABEL org.opencontainers.image.title="steppe/data-plane" \
      org.opencontainers.image.description="Serves the API and proxies steps to agents" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
EXPOSE 8080 9090
ENTRYPOINT ["node", "/opt/steppe/data-plane.mjs"]

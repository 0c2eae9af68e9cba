# The control-plane, and the programs of the chart's hooks. Variables configure it; `--help` lists
# them.
ARG BASE=docker.io/library/debian:trixie-slim
ARG NODE=docker.io/library/node:24-trixie-slim

FROM $NODE AS build
COPY dist/control-plane.mjs dist/make-keys.mjs dist/publish-keys.mjs dist/end-sessions.mjs /build/
RUN chmod -R a+rX /build

FROM $BASE
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /nonexistent --no-create-home steppe
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build /opt/steppe
ARG VERSION
LABEL org.opencontainers.image.title="steppe/control-plane" \
      org.opencontainers.image.description="Creates, claims and ends the instances of sessions" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
EXPOSE 8081 9091
ENTRYPOINT ["node", "/opt/steppe/control-plane.mjs"]

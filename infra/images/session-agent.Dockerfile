# The session-agent: one container of each session's pod. It runs no user code and needs no secret.
ARG BASE=docker.io/library/debian:trixie-slim
ARG NODE=docker.io/library/node:24-trixie-slim

FROM $NODE AS build
COPY dist/session-agent.cjs /build/dist/
COPY dist/session-agent/main.cjs /build/dist/session-agent/
COPY tools/compile-agent.cjs /build/tools/
# V8 accepts a code cache only from its own version.
RUN node /build/tools/compile-agent.cjs && chmod -R a+rX /build

FROM $BASE
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /workspace --no-create-home steppe \
 && install -d -o steppe -g steppe /workspace /run/steppe /var/spool/steppe
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build/dist /opt/steppe
ARG VERSION
LABEL org.opencontainers.image.title="steppe/session-agent" \
      org.opencontainers.image.description="The server in a session's pod" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
WORKDIR /workspace
EXPOSE 8070 8071
ENTRYPOINT ["node", "/opt/steppe/session-agent.cjs"]

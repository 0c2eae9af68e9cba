# JavaScript and TypeScript sessions: the supervisor, on any Node since 20.20.
ARG BASE=docker.io/library/node:24-trixie-slim
ARG DEBIAN=docker.io/library/debian:trixie-slim

FROM $DEBIAN AS build
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf \
    --mount=type=secret,id=apt.sources,target=/etc/apt/sources.list.d/debian.sources \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends tini
COPY dist/runtimes/node /opt/steppe/node
RUN cp /usr/bin/tini-static /opt/steppe/tini && chmod -R a+rX /opt/steppe

FROM $BASE
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /workspace --no-create-home steppe \
 && install -d -o steppe -g steppe /workspace /run/steppe
COPY --from=build /opt/steppe /opt/steppe
ENV LANG=C.UTF-8
ARG VERSION
LABEL org.opencontainers.image.title="steppe/runtime-node" \
      org.opencontainers.image.description="Runs the code of JavaScript and TypeScript sessions" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
WORKDIR /workspace
# Node cannot reap the orphans of user code; tini does.
ENTRYPOINT ["/opt/steppe/tini", "--", "node", "/opt/steppe/node/supervisor.cjs"]

# A DynamoDB-compatible store for development: it keeps its table in DATA_DIR, without backups.
ARG BASE=docker.io/library/debian:trixie-slim
ARG NODE=docker.io/library/node:24-trixie-slim

FROM $NODE AS build
COPY dist/local-store/main.mjs /build/
COPY dist/local-store/prebuilds /build/prebuilds
RUN chmod -R a+rX /build

FROM $BASE
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /nonexistent --no-create-home steppe \
 && install -d -o steppe -g steppe /var/lib/steppe
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build /opt/steppe
ARG VERSION
LABEL org.opencontainers.image.title="steppe/local-store" \
      org.opencontainers.image.description="A DynamoDB-compatible store for development" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
EXPOSE 8000
ENV DATA_DIR=/var/lib/steppe
ENTRYPOINT ["node", "/opt/steppe/main.mjs"]

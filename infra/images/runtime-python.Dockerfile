# Python sessions: the supervisor, which uses nothing but the standard library, on any Python since
# 3.9. Targets: runtime-python, and runtime-python-data with packages for data analysis.
ARG BASE=docker.io/library/python:3.13-slim-trixie

FROM $BASE AS build
COPY dist/runtimes/python /opt/steppe/python
# By hash, because copies may change the times of files.
RUN chmod -R a+rX /opt/steppe \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/steppe/python

FROM $BASE AS packages
COPY infra/images/requirements-data.txt /build/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca-certificates,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m pip install --quiet --ignore-installed --root /packages --no-warn-script-location \
      --no-cache-dir --no-compile --only-binary :all: --require-hashes \
      --requirement /build/requirements-data.txt \
 && find /packages -type d -name tests -prune -exec rm -rf {} + \
 && settings=$(find /packages -path '*/mpl-data/matplotlibrc') \
 && sed -i 's/^#font.family: .*/#font.family: sans-serif, WenQuanYi Micro Hei/' "$settings" \
 && grep -q '^#font.family: .* Hei$' "$settings" \
 && python3 -m compileall -q --invalidation-mode unchecked-hash -j 0 /packages

# Chinese, Japanese and Korean glyphs, which Matplotlib's own font lacks: its default settings, above,
# name this one second, and each glyph comes from the first font that has it.
FROM $BASE AS fonts
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf \
    --mount=type=secret,id=apt.sources,target=/etc/apt/sources.list.d/debian.sources \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fonts-wqy-microhei >/dev/null

FROM $BASE AS runtime-python
# Some bases come without compiled modules, and nothing can write them under a read-only root.
RUN groupadd --gid 10001 steppe \
 && useradd --uid 10001 --gid steppe --home-dir /workspace --no-create-home steppe \
 && install -d -o steppe -g steppe /workspace /run/steppe \
 && stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))') \
 && python3 -m compileall -q -x '/(tests?|idlelib|lib2to3|ensurepip)/' "$stdlib"
COPY --from=build /opt/steppe /opt/steppe
ENV LANG=C.UTF-8
ARG VERSION
LABEL org.opencontainers.image.title="steppe/runtime-python" \
      org.opencontainers.image.description="Runs the code of Python sessions" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
USER 10001:10001
WORKDIR /workspace
ENTRYPOINT ["python3", "/opt/steppe/python/supervisor.py"]

FROM runtime-python AS runtime-python-data
# The font with its entry in the list of packages, which the SBOM is made from.
COPY --from=fonts /usr/share/fonts /usr/share/fonts
COPY --from=fonts /var/lib/dpkg /var/lib/dpkg
COPY --from=packages /packages /
# Matplotlib writes its list of fonts when the supervisor imports it.
ENV MPLCONFIGDIR=/tmp/matplotlib
LABEL org.opencontainers.image.title="steppe/runtime-python-data" \
      org.opencontainers.image.description="Runs the code of Python sessions, with data packages"

# Three targets: `cpu` (the default), `gpu` and `notebook`; docs/containers.md says how they are built and run.
FROM python:3.11-slim-bookworm AS base
# Debian keeps only the newest version of a package: a build with a pinned one would fail before long.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log

FROM base AS packages-cpu
COPY deploy/image/build.sh requirements.lock /build/
RUN sh /build/build.sh packages /build/requirements.lock

# What Jupyter needs over that.
FROM packages-cpu AS packages-notebook
COPY requirements-notebook.lock /build/
RUN sh /build/build.sh more /build/requirements-notebook.lock

FROM packages-cpu AS build-cpu
COPY pyproject.toml README.md LICENSE CHANGELOG.md /build/source/
COPY src /build/source/src
COPY conf /build/source/conf
COPY sweeps /build/source/sweeps
RUN sh /build/build.sh sweepyard /build/source

FROM base AS build-gpu
COPY deploy/image/build.sh requirements-gpu.lock /build/
RUN sh /build/build.sh packages /build/requirements-gpu.lock
COPY pyproject.toml README.md LICENSE CHANGELOG.md /build/source/
COPY src /build/source/src
COPY conf /build/source/conf
COPY sweeps /build/source/sweeps
RUN sh /build/build.sh sweepyard /build/source

# Everything but the packages. Whoever runs it belongs to group 0, by any number, and so may write the volume.
FROM base AS runtime
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /state/home --shell /usr/sbin/nologin sweepyard \
    && install --directory --owner=10001 --group=0 --mode=0775 /state
COPY --chmod=0755 entrypoint.sh /usr/local/bin/
ENV PATH=/opt/sweepyard/bin:$PATH \
    HOME=/state/home \
    USER=sweepyard \
    SWEEPYARD_HOME=/state/hub \
    SWEEPYARD_CACHE=/state/cache \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=3
WORKDIR /state
VOLUME /state
USER 10001
ENTRYPOINT ["tini", "--", "entrypoint.sh"]
CMD ["--help"]
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["entrypoint.sh", "healthy"]
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Sweepyard" \
      org.opencontainers.image.description="Hyper-parameter sweeps of Keras models with the Weights & Biases client, anywhere" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"

FROM runtime AS gpu
COPY --from=build-gpu /opt/sweepyard /opt/sweepyard
COPY --from=build-gpu /build/root /
ENV SWEEPYARD_BUILD=gpu \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM runtime AS cpu
COPY --from=build-cpu /opt/sweepyard /opt/sweepyard
COPY --from=build-cpu /build/root /
ENV SWEEPYARD_BUILD=cpu

FROM cpu AS notebook
COPY --from=packages-notebook /build/root /
COPY notebooks /opt/sweepyard/share/notebooks
CMD ["notebook"]

# What a build without a target gives.
FROM cpu

# The tutor in one container; docs/scale.md says how to build, start and check it.
# The base may be pinned by digest: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim

# ---- what is needed to build, and stays behind
FROM ${BASE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
# An index with CPU builds of torch (PyTorch has one): on x86 the common index brings 4 GB of CUDA instead.
ARG TORCH_INDEX=""
# cluster: labs on Dask; postgres: conversations in PostgreSQL.
ARG EXTRAS="cluster,postgres"
COPY requirements.lock requirements-dev.lock pyproject.toml README.md LICENSE MANIFEST.in ingest.py ./
RUN python -m venv /opt/tutor \
 && if [ -n "${TORCH_INDEX}" ]; then \
      grep -E '^torch==' requirements.lock | /opt/tutor/bin/pip install --no-cache-dir --index-url "${TORCH_INDEX}" -r /dev/stdin; \
    fi \
 && /opt/tutor/bin/pip install --no-cache-dir -r requirements.lock
COPY tutor tutor
COPY labs labs
COPY knowledge knowledge
RUN /opt/tutor/bin/pip install --no-cache-dir --constraint requirements-dev.lock ".[${EXTRAS}]" \
 && /opt/tutor/bin/tutor --version
# Names of weights that the image is to carry (see `tutor model list`); none by default: they are fetched at the first
# start into the volume. all-minilm-l6-v2 is the one for searching.
ARG WITH_WEIGHTS=""
RUN mkdir -p /weights \
 && if [ -n "${WITH_WEIGHTS}" ]; then \
      echo "${WITH_WEIGHTS}" | TUTOR_WEIGHTS=/weights xargs /opt/tutor/bin/python -m knowledge.weights fetch; \
    fi

# ---- what runs
FROM ${BASE}
# OpenMP for the language model; slim images come without it. Its version is the base image's business.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --create-home tutor \
 && mkdir -p /data/cache /weights \
 && chown -R tutor:tutor /data
COPY --from=build /opt/tutor /opt/tutor
COPY --from=build --chown=tutor:tutor /weights /weights
USER 10001:10001
WORKDIR /home/tutor
# /data: conversations, courses, files of students. /weights: can be fetched again.
ENV TUTOR_HOME=/data TUTOR_WEIGHTS=/weights TUTOR_HOST=0.0.0.0 TUTOR_PORT=7860 \
    PATH=/opt/tutor/bin:$PATH PYTHONUNBUFFERED=1
VOLUME ["/data", "/weights"]
EXPOSE 7860
# Alive is enough here: a first start reads the course for a minute, and is no reason to be started again.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
# Without passwords (TUTOR_AUTH_FILE) it starts only where TUTOR_OPEN=yes says that this is meant.
CMD ["tutor", "serve"]

# The tutor in one container: docker build -t ml-tutor . && docker run -p 7860:7860 -v ml-tutor:/data ml-tutor
# The base image may be pinned by digest: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ingest.py ./
RUN python -m venv /opt/tutor && /opt/tutor/bin/pip install --no-cache-dir -r requirements.lock
COPY tutor tutor
COPY labs labs
COPY knowledge knowledge
RUN /opt/tutor/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
COPY --from=build /opt/tutor /opt/tutor
RUN useradd --create-home tutor && mkdir /data && chown tutor /data
USER tutor
# Everything that must outlive the container, weights included, is in this one volume.
ENV TUTOR_HOME=/data PATH=/opt/tutor/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=4)"
CMD ["tutor", "serve", "--host", "0.0.0.0", "--port", "7860"]

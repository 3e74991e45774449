# tintype's command line and server: the light core and the extras of the server, without torch. The built page lies in src.
#
#   docker run --rm -v "$PWD:/data" tintype colorize /data/scans          any command; results belong to the folder's owner
#   docker run --rm -p 127.0.0.1:8000:8000 -v tintype:/data tintype       the page and its API; docs/deploy.md
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY packaging ./packaging
COPY src ./src
# For the machines of a predictor: docker build --build-arg EXTRAS=server,ray -t tintype-predictor .
ARG EXTRAS=server,postgres,redis,s3,video,heif
RUN python -m venv /opt/tintype && /opt/tintype/bin/pip install --no-cache-dir ".[${EXTRAS}]"

FROM python:3.11-slim
# tini reaps what it is the parent of, and hands signals on. /data is open to whatever user the container is run as.
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/* && \
    useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin tintype && chmod 1777 /data
COPY --from=build /opt/tintype /opt/tintype
COPY packaging/container-entry /usr/local/bin/container-entry
ENV PATH=/opt/tintype/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    TINTYPE_HOST=0.0.0.0 \
    TINTYPE_PORT=8000 \
    TINTYPE_FOLDER=/data \
    TMPDIR=/data \
    TINTYPE_LOG_FORMAT=json
USER tintype
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["tini", "--", "container-entry"]
CMD ["tintype", "serve"]

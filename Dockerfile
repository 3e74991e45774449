# tintype's server: the light core and the extras of the server, without torch. The built page lies in src. See docs/deploy.md.
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
# For the machines of a predictor: docker build --build-arg EXTRAS=server,ray -t tintype-predictor .
ARG EXTRAS=server,postgres,redis,s3,video
RUN python -m venv /opt/tintype && /opt/tintype/bin/pip install --no-cache-dir ".[${EXTRAS}]"

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin tintype
COPY --from=build /opt/tintype /opt/tintype
ENV PATH=/opt/tintype/bin:$PATH \
    PYTHONUNBUFFERED=1 \
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
CMD ["tintype", "serve"]

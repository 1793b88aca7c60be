# The connector as an image: `docker build -t connector .`, then deploy/compose.yaml.
# The tag is set to a digest at release.
FROM python:3.13-slim AS built
WORKDIR /opt/connector
COPY pyproject.toml requirements-run.lock README.md LICENSE ./
COPY scripts/environment scripts/environment
COPY connector connector
COPY adapters adapters
COPY mappings mappings
COPY sandbox sandbox
# The same step as in scripts/test and scripts/demo, from the lock without what only development needs.
RUN CONNECTOR_LOCK=requirements-run.lock scripts/environment \
    && .venv/bin/python -m compileall -q .venv connector adapters mappings sandbox

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/connector --create-home connector
COPY --from=built /opt/connector /opt/connector
# The root may be read-only: what changes lies in the volume (the ledger and what belongs to it).
ENV PATH=/opt/connector/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONNECTOR_CONFIG=/etc/connector/config.toml \
    CONNECTOR_HEARTBEAT=/var/lib/connector/heartbeat
USER 10001
WORKDIR /var/lib/connector
VOLUME /var/lib/connector
# Red while the daemon is dead, all lanes stand still, or a lane is overdue.
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m --retries=2 \
    CMD ["python", "-m", "connector.service.health"]
# SIGTERM finishes what is in flight, within 30 seconds: give it `--stop-timeout 45`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["connector"]
CMD ["run"]

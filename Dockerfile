# Two stages: the first installs the locked packages, the second is what runs.
FROM python:3.11-slim AS build
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock ./
# With byte code, which the user who runs it could not write.
RUN uv sync --frozen --no-default-groups --no-cache --compile-bytecode
COPY . .
RUN .venv/bin/python -m compileall -q partners programs members transactions loyalty_site
# Nothing of a real installation is needed to collect the static files.
RUN SECRET_KEY=only-for-collectstatic VAR_DIR=/tmp/var STATIC_ROOT=/app/static \
    .venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app loyalty && install -d -o loyalty /var/lib/loyalty
COPY --from=build /app /app
WORKDIR /app
USER loyalty
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 VAR_DIR=/var/lib/loyalty STATIC_ROOT=/app/static \
    HOST=0.0.0.0 PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["gunicorn", "--config", "python:loyalty_site.server", "loyalty_site.wsgi"]

# One image for every role; the command says which (`minstrel serve` by default).
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY bot bot
COPY config config
COPY engine engine
COPY storage storage
COPY workflows workflows
RUN /venv/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 minstrel && install -d -o minstrel /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH MINSTREL_HOME=/data OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
USER minstrel
WORKDIR /data
VOLUME /data
# Long enough to finish what is nearly done; the rest goes back to the queue.
STOPSIGNAL SIGTERM
EXPOSE 8080
HEALTHCHECK --interval=60s --timeout=20s CMD ["minstrel", "doctor"]
# To the container's network: whoever starts it says who reaches that.
CMD ["minstrel", "serve", "--host", "0.0.0.0"]

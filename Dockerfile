# One file, one target per process: gateway, clerk, studio; and the workshop, where models are trained.
FROM python:3.11-slim-bookworm AS base
WORKDIR /srv/cuesmith
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 cuesmith
COPY pyproject.toml README.md LICENSE ./
COPY locks locks
COPY api api
COPY billing billing
COPY engine engine

# Answers clients. Holds no Stripe key, knows no model.
FROM base AS gateway
RUN pip install --require-hashes -r locks/gateway.txt
RUN pip install --no-deps .
USER cuesmith
EXPOSE 8000
CMD ["cuesmith", "gateway", "--host", "0.0.0.0", "--port", "8000"]

# Settles deliveries and is the only one that talks to Stripe.
FROM base AS clerk
RUN pip install --require-hashes -r locks/clerk.txt
RUN pip install --no-deps .
USER cuesmith
CMD ["cuesmith", "clerk"]

# Makes the music, on a CPU. Never torch, never Stripe.
FROM base AS studio
RUN pip install --require-hashes -r locks/studio.txt
RUN pip install --no-deps .
# Loops of render and master as machine code, so that no pod spends 15 s on them. It is root's: a pod
# copies what it may not write to, and compiles anew where its processor is another.
ENV NUMBA_CACHE_DIR=/srv/cuesmith/compiled
RUN python -m engine warm && chmod -R u=rwX,go=rX "$NUMBA_CACHE_DIR"
USER cuesmith
CMD ["python", "-m", "engine", "studio"]

# Trains and exports models; nothing that serves is built from this.
FROM base AS workshop
RUN pip install torch==2.13.0
RUN pip install --require-hashes -r locks/workshop.txt
RUN pip install --no-deps .
USER cuesmith
ENTRYPOINT ["python", "-m", "engine.workshop"]

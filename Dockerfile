# One file, one target per process: gateway, clerk, studio on a CPU or a GPU; and the workshop, where
# models are trained.
FROM python:3.11-slim-bookworm AS base
WORKDIR /srv/cuesmith
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# A number and not a name: Kubernetes believes only numbers that they are not root.
RUN groupadd --system --gid 10001 cuesmith \
 && useradd --system --uid 10001 --gid 10001 --home-dir /tmp cuesmith
COPY pyproject.toml README.md LICENSE ./
COPY locks locks
COPY api api
COPY billing billing
COPY engine engine
COPY deploy/roles.sql deploy/roles.sql

# Answers clients. Holds no Stripe key, knows no model.
FROM base AS gateway
RUN pip install --require-hashes -r locks/gateway.txt
RUN pip install --no-deps .
USER 10001:10001
EXPOSE 8000
CMD ["cuesmith", "gateway", "--host", "0.0.0.0", "--port", "8000"]

# Settles deliveries and is the only one that talks to Stripe.
FROM base AS clerk
RUN pip install --require-hashes -r locks/clerk.txt
RUN pip install --no-deps .
USER 10001:10001
CMD ["cuesmith", "clerk"]

# Makes the music, on a CPU. Never torch, never Stripe.
FROM base AS studio
RUN pip install --require-hashes -r locks/studio.txt
RUN pip install --no-deps .
# Loops of render and master as machine code, so that no pod spends 15 s on them. It is root's: a pod
# copies what it may not write to, and compiles anew where its processor is another.
ENV NUMBA_CACHE_DIR=/srv/cuesmith/compiled
RUN python -m engine warm && chmod -R u=rwX,go=rX "$NUMBA_CACHE_DIR"
USER 10001:10001
CMD ["python", "-m", "engine", "studio"]

# The same on a GPU: CUDA and cuDNN as wheels, the driver from the node. It refuses to start without one.
FROM base AS studio-gpu
RUN pip install --require-hashes -r locks/studio-gpu.txt
RUN pip install --no-deps .
ENV NUMBA_CACHE_DIR=/srv/cuesmith/compiled
RUN python -m engine warm && chmod -R u=rwX,go=rX "$NUMBA_CACHE_DIR"
# Where the wheels put their libraries; the linker looks nowhere else for them.
ENV CUESMITH_PROVIDER=CUDAExecutionProvider \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LD_LIBRARY_PATH=/usr/local/lib/python3.11/site-packages/nvidia/cu13/lib:/usr/local/lib/python3.11/site-packages/nvidia/cudnn/lib
USER 10001:10001
CMD ["python", "-m", "engine", "studio"]

# Trains and exports models; nothing that serves is built from this.
FROM base AS workshop
RUN pip install torch==2.13.0
RUN pip install --require-hashes -r locks/workshop.txt
RUN pip install --no-deps .
USER 10001:10001
ENTRYPOINT ["python", "-m", "engine.workshop"]

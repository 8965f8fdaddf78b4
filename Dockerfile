# syntax=docker/dockerfile:1
# The workflow with its environment, for a machine with or without an NVIDIA GPU:
#   docker build --tag pairmix-workflow .
#   docker run --rm --gpus all pairmix-workflow
# docs/cluster.md says how data and results stay outside. Only what a GPU needs of the
# system comes with the base image: torch brings its own CUDA libraries.
ARG BASE=nvidia/cuda:13.0.1-base-ubuntu24.04
FROM ${BASE}

# What `make env` needs; and a C compiler with Python's headers, with which torch makes
# its kernels on a GPU.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates gcc git libc6-dev make python3 python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 10001 workflow \
    && install -d -o workflow -g workflow /workflow
USER 10001
WORKDIR /workflow
COPY --chown=workflow:workflow . .
RUN make env

ENV PATH=/workflow/.venv/bin:$PATH
# The README's first command; its second: `docker run --rm pairmix-workflow make test`.
CMD ["make", "demo"]

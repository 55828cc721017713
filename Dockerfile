# execd in an image. Two targets:
#
#   execd     /execd and /bootstrap.sh, and what an OpenSandbox server needs to copy them: its execd_image
#   kernels   a sandbox to start from: Debian, kernels for six languages, and a user that is not root
#
# `make docker` builds both. What the steps do is in scripts/image, which `make image` runs without a container engine.
ARG GO_VERSION=1.26
ARG DEBIAN=bookworm

# The compiler runs on the builder's own platform and builds for the wanted one: no emulation.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-${DEBIAN} AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOCACHE=/cache/build GOMODCACHE=/cache/mod
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/cache go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
# The version and the flags that strip: the Makefile's, because .git is not in the context.
ARG LDFLAGS="-s -w"
RUN --mount=type=cache,target=/cache \
    GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false -ldflags "${LDFLAGS}" -o /execd .

# On the wanted platform, for its busybox.
FROM debian:${DEBIAN}-slim AS layout
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static
COPY --from=build /execd /execd
COPY bootstrap.sh /bootstrap.sh
COPY scripts/image/layout.sh /layout.sh
RUN /layout.sh /image /execd /bootstrap.sh /bin/busybox

# The kernels need Go itself, because theirs compiles each cell.
FROM golang:${GO_VERSION}-${DEBIAN} AS kernels
LABEL org.opencontainers.image.title="execd-kernels" \
      org.opencontainers.image.description="A sandbox that runs code in six languages, and commands, over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /opt/execd
COPY scripts scripts
RUN scripts/image/kernels.sh
COPY --from=build /execd /execd
COPY bootstrap.sh /bootstrap.sh
# What runs here is somebody else's code: not as root, unless the one who starts the image says so (--user 0).
USER 1000:1000
WORKDIR /home/sandbox
ENV LANG=C.UTF-8 \
    HOME=/home/sandbox \
    JUPYTER_PATH=/opt/execd/.venv/share/jupyter:/opt/execd/.cache/kernels/share/jupyter
EXPOSE 44772
# execd ends its executions and their streams on SIGTERM, then itself.
STOPSIGNAL SIGTERM
# It knows what the daemon knows from the environment: port, token, TLS. Give settings there, not as flags.
HEALTHCHECK --interval=30s --timeout=6s --start-period=5s CMD ["/execd", "--probe", "ping"]
# No init beside it: execd is made to be process 1 and reaps what its commands leave behind.
CMD ["/execd"]

FROM scratch AS execd
LABEL org.opencontainers.image.title="execd" \
      org.opencontainers.image.description="Runs code and commands inside a sandbox, over HTTP: to be copied into one" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=layout /image/ /
ENV PATH=/bin
WORKDIR /
EXPOSE 44772
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=5s CMD ["/execd", "--probe", "ping"]
# No entrypoint: the server starts it with a command of its own.
CMD ["/execd"]

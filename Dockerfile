# execd in an image. Two targets:
#
#   default   a small Debian with bash and a Python kernel: a sandbox to start from
#   binary    nothing but /execd, to copy into an image of your own: COPY --from=execd-binary /execd /execd
#
# `make docker` builds both.
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

# "scratch" itself is a reserved name for a stage.
FROM scratch AS binary
LABEL org.opencontainers.image.title="execd" \
      org.opencontainers.image.description="Runs code and commands inside a sandbox, over HTTP: the binary alone" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /execd /execd
ENTRYPOINT ["/execd"]

FROM debian:${DEBIAN}-slim AS default
LABEL org.opencontainers.image.title="execd" \
      org.opencontainers.image.description="Runs code and commands inside a sandbox, over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0"
# bash is in the base; a command without CA certificates cannot speak to much; the kernel makes /code work at once.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-ipykernel \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --shell /bin/bash sandbox
COPY --from=build /execd /execd
# What runs here is somebody else's code: not as root, unless the one who starts the image says so (--user 0).
USER 1000:1000
WORKDIR /home/sandbox
ENV LANG=C.UTF-8
EXPOSE 44772
# execd ends its executions and their streams on SIGTERM, then itself.
STOPSIGNAL SIGTERM
# GET /ping is the check, and the orchestrator's to make (in Kubernetes: an httpGet probe): it knows the port and the
# token in force. One in here would have to start a process in the user's sandbox every few seconds, and would call a
# daemon on another port dead.
HEALTHCHECK NONE
# No init beside it: execd is made to be process 1 and reaps what its commands leave behind.
ENTRYPOINT ["/execd"]

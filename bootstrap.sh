#!/bin/sh
# Starts execd beside the command of a sandbox: the entrypoint that an OpenSandbox server puts before the user's own.
#
#   bootstrap.sh                      a shell
#   bootstrap.sh PROGRAM [ARGUMENT…]  that program
#   bootstrap.sh -c 'a && b'          that, in a shell; so does BOOTSTRAP_CMD='a && b'
#
# EXECD                       the daemon, and its flags if you like (/opt/opensandbox/execd)
# EXECD_ENVS                  its file of variables (/opt/opensandbox/.env), which is made if it is not there
# EXECD_BOOTSTRAP_PRE_SCRIPT  is read before anything is started; what it exports both get
# BOOTSTRAP_SHELL             the shell, in place of bash or else sh
# EXECD_INIT                  yes: execd becomes this process, and runs the command under it
# OPENSANDBOX_EGRESS_MITMPROXY_TRANSPARENT
#                             yes: wait for the certificate of the proxy that all connections go through, and trust it
#
# SIGTERM goes to the command and to execd, and the status is 0; else it is the command's.
set -e

home=/opt/opensandbox

trap 'exit 0' TERM # process 1 does not end by it otherwise

warn() { printf 'bootstrap: %s\n' "$*" >&2; }

truthy() {
    case $1 in
        1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) return 0 ;;
    esac
    return 1
}

# as_root runs a command as root where that takes no password; else as it is, which may do.
as_root() {
    if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        "$@"
    fi
}

# await FILE SECONDS: until it has something in it.
await() {
    left=$2
    until [ -s "$1" ]; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 1
    done
}

# trust_in_system CERTIFICATE: for what uses the certificates of the system.
trust_in_system() {
    if command -v update-ca-certificates >/dev/null; then # Debian, Alpine, SUSE
        anchors=/usr/local/share/ca-certificates name=opensandbox-mitmproxy-ca.crt update=update-ca-certificates
    elif command -v update-ca-trust >/dev/null; then # Red Hat
        anchors=/etc/pki/ca-trust/source/anchors name=opensandbox-mitmproxy-ca.pem update=update-ca-trust
    else
        warn 'the system has no update-ca-certificates and no update-ca-trust: its own programs will not trust the proxy'
        return
    fi
    if ! { as_root mkdir -p "$anchors" && as_root cp "$1" "$anchors/$name" && as_root "$update" >/dev/null; }; then
        warn "$update failed: the system's own programs may not trust the proxy"
    fi
}

# trust_in_browsers CERTIFICATE: Chromium reads the user's NSS database.
trust_in_browsers() {
    command -v certutil >/dev/null && [ -d "${HOME-}" ] || return 0
    database=$HOME/.pki/nssdb
    mkdir -p "$database" || return 0
    [ -e "$database/cert9.db" ] || certutil -N -d "sql:$database" --empty-password || return 0
    certutil -D -d "sql:$database" -n opensandbox-mitmproxy 2>/dev/null || true # of an earlier start
    certutil -A -d "sql:$database" -n opensandbox-mitmproxy -t C,, -i "$1" || warn "browsers will not trust the proxy"
}

# bundle CERTIFICATE: prints a file with that and all others, for variables that name all that are trusted.
bundle() {
    merged=$home/merged-ca-certificates.pem
    for all in "$(python3 -c 'import certifi; print(certifi.where())' 2>/dev/null || true)" \
        /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -s "$all" ] && cat "$all" "$1" >"$merged"; then
            printf '%s\n' "$merged"
            return
        fi
    done
    warn 'no certificates found beside those of the proxy'
    printf '%s\n' "$1"
}

trust_proxy() {
    certificate=$home/mitmproxy-ca-cert.pem
    if ! await "$certificate" 300; then
        warn "$certificate has not come within 300 s: nothing will trust the proxy"
        return
    fi
    trust_in_system "$certificate"
    trust_in_browsers "$certificate"
    NODE_EXTRA_CA_CERTS=$certificate # beside those that Node.js has
    REQUESTS_CA_BUNDLE=$(bundle "$certificate")
    SSL_CERT_FILE=$REQUESTS_CA_BUNDLE
    export NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE SSL_CERT_FILE
}

if truthy "${OPENSANDBOX_EGRESS_MITMPROXY_TRANSPARENT-}"; then
    trust_proxy
fi

: "${EXECD:=$home/execd}"
: "${EXECD_ENVS:=$home/.env}"
export EXECD_ENVS
if ! { mkdir -p "$(dirname "$EXECD_ENVS")" && touch "$EXECD_ENVS"; } 2>/dev/null; then
    warn "cannot make EXECD_ENVS=$EXECD_ENVS: commands do without, unless it comes later"
fi

case ${EXECD_BOOTSTRAP_PRE_SCRIPT-} in
    '') script= ;;
    */*) script=$EXECD_BOOTSTRAP_PRE_SCRIPT ;;
    *) script=./$EXECD_BOOTSTRAP_PRE_SCRIPT ;; # without a slash it would be looked up in PATH
esac
if [ -n "$script" ]; then
    if [ -f "$script" ] && [ -r "$script" ]; then
        # shellcheck source=/dev/null
        . "$script"
    else
        warn "EXECD_BOOTSTRAP_PRE_SCRIPT=$EXECD_BOOTSTRAP_PRE_SCRIPT cannot be read, and is left out"
    fi
fi

shell=${BOOTSTRAP_SHELL:-$(command -v bash || command -v sh)}
if [ -n "${BOOTSTRAP_CMD-}" ]; then
    set -- "$shell" -c "$BOOTSTRAP_CMD"
elif [ "${1-}" = -c ]; then
    shift
    set -- "$shell" -c "$*"
elif [ $# -eq 0 ]; then
    set -- "$shell"
fi

# Word splitting is meant: EXECD may have flags.
if truthy "${EXECD_INIT-}"; then
    # shellcheck disable=SC2086
    exec $EXECD --init -- "$@"
fi

# The children are started without a trap: one that is told to end before it has replaced this shell would take the signal
# as the shell does, and forget it.
trap - TERM
exec 3<&0 # what is started with & reads from /dev/null otherwise (POSIX, XCU 2.9.3)
# shellcheck disable=SC2086
$EXECD </dev/null 3<&- &
daemon=$!
"$@" <&3 3<&- &
command=$!
asked=
trap 'asked=yes; kill -TERM "$command" "$daemon" 2>/dev/null || true' TERM
exec 3<&-

# A trap ends a wait, so that there may be another.
status=0
while wait "$command" && status=0 || status=$?; kill -0 "$command" 2>/dev/null; do :; done
if [ -z "$asked" ]; then
    trap '' TERM
    kill -TERM "$daemon" 2>/dev/null || true # it tells its clients, and takes along what it has started
fi
while wait "$daemon" 2>/dev/null || true; kill -0 "$daemon" 2>/dev/null; do :; done
[ -z "$asked" ] || exit 0
exit "$status"

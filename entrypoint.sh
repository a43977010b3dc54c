#!/bin/sh
# What a container of Sweepyard does; docs/containers.md explains it.
set -eu

usage() {
    cat <<'TEXT'
Usage: entrypoint.sh COMMAND [ARGUMENT...]

Commands:
  train [OVERRIDE...]      train one model
  sweep FILE [OPTION...]   check a sweep file, register it and run it
  register FILE            register a sweep file once for this volume, for `agent` without a SWEEP
  agent [SWEEP] [OPTION...]  work on a sweep; by default on the one that `register` left in this volume
  hub [OPTION...]          serve the hub; the options are those of `sweepyard hub serve`
  predict MODEL IMAGE...   classify images
  notebook [OPTION...]     Jupyter on the notebooks, in the image with it; the options are those of `jupyter lab`
  shell                    a shell
  healthy [hub|notebook]   whether the hub of this volume answers, if one is served (what HEALTHCHECK asks); with a word,
                           whether it, or Jupyter, is there and answers
Every other command is handed to `sweepyard`, such as `runs list`, `db check`, `env`.

Environment:
  WANDB_API_KEY, WANDB_BASE_URL   the W&B server to work with, and its key; without them, this volume's own hub.
                                  The hub takes the key for its owner's.
  SWEEPYARD_DATABASE, SWEEPYARD_BLOBS, SWEEPYARD_PREDICTIONS, SWEEPYARD_PUSH_API_KEY, PGPASSWORD, JUPYTER_TOKEN
  NAME_FILE                       for each of these but WANDB_BASE_URL: a file that holds it, such as a secret
  SWEEPYARD_STATE                 the volume (/state)

Exit codes: those of the command; 1 if something is missing, 2 if the command line makes no sense.

Examples:
  docker run --rm --read-only -v state:/state sweepyard:0.1.0 train model=convnet
  docker run --rm --gpus all -v state:/state -e WANDB_API_KEY_FILE=/run/secrets/key -v "$PWD/key:/run/secrets/key:ro" \
      sweepyard:0.1.0-gpu agent team/digits/k3x9q2ab --gpus all
TEXT
}

SECRETS="WANDB_API_KEY SWEEPYARD_DATABASE SWEEPYARD_BLOBS SWEEPYARD_PREDICTIONS SWEEPYARD_PUSH_API_KEY PGPASSWORD JUPYTER_TOKEN"
shared_notebooks=/opt/sweepyard/share/notebooks
problems=0

problem() {
    problems=$((problems + 1))
    printf 'error: %s\n' "$1" >&2
}

refuse_usage() {
    printf 'error: %s\n%s\n' "$1" "entrypoint.sh --help shows the commands." >&2
    exit 2
}

# Each secret whose file is named goes into the environment of what is started, and nowhere else.
read_secrets() {
    for name in $SECRETS; do
        eval "file=\${${name}_FILE:-} value=\${$name:-}"
        [ -n "$file" ] || continue
        # shellcheck disable=SC2154 # assigned by eval
        if [ -n "$value" ]; then
            problem "$name and ${name}_FILE are both set: leave one of them out"
        elif [ ! -f "$file" ]; then
            problem "${name}_FILE must name a file: there is none at $file. Is the secret mounted?"
        elif [ ! -r "$file" ]; then
            problem "${name}_FILE must name a file that user $(id -u) may read: $file. Mode 0444 in a folder of yours will do"
        elif [ ! -s "$file" ]; then
            problem "${name}_FILE must name a file that holds the secret: $file is empty"
        else
            value=$(cat "$file")
            # An end of line is no part of a secret; other white space is a slip that servers would tell late and badly.
            case $value in
            '') problem "${name}_FILE must name a file that holds the secret: $file is blank" ;;
            *[[:space:]]*) problem "${name}_FILE must name a file that holds the secret and nothing else: $file has white \
space in it, perhaps the line ends of Windows" ;;
            *) export "$name=$value" ;;
            esac
        fi
        unset "${name}_FILE"
    done
}

prepare_volume() {
    state=${SWEEPYARD_STATE:-/state}
    probe=$state/.write-test-$(id -u)-$$
    if ! { mkdir -p "$state" && touch "$probe" && rm "$probe"; } 2>/dev/null; then
        problem "the volume $state must be writable for user $(id -u), group $(id -g): it is read-only, or another's. \
Mount a volume there (-v NAME:$state), or give the folder to group 0 with mode 0775"
        return
    fi
    for folder in "$state"/*/; do
        if [ -d "$folder" ] && [ ! -w "$folder" ]; then
            problem "the volume $state must be this user's: $folder is user $(stat -c %u "$folder")'s and cannot be \
written by user $(id -u). Give each user number a volume of its own"
            return
        fi
    done
    mkdir -p "${HOME:=$state/home}"
    export HOME
    # With a read-only root and no tmpfs, what is temporary goes into the volume as well.
    if [ ! -w "${TMPDIR:-/tmp}" ]; then
        TMPDIR=$state/tmp/$(hostname)
        mkdir -p "$TMPDIR"
        export TMPDIR
    fi
}

# Whether one of the arguments is a word, or gives it a value.
has() {
    word=$1
    shift
    for argument; do
        case $argument in "$word" | "$word="*) return 0 ;; esac
    done
    return 1
}

uses_server() {
    [ -n "${WANDB_API_KEY:-}${WANDB_BASE_URL:-}" ]
}

check_login() {
    [ -n "${WANDB_API_KEY:-}" ] || [ -s "${HOME:-}/.netrc" ] ||
        problem "no API key for ${WANDB_BASE_URL:-https://api.wandb.ai}: set WANDB_API_KEY, or WANDB_API_KEY_FILE to a \
file that holds it"
}

# A GPU is asked for by an agent's --gpus, or by `docker run --gpus`, which sets the variable.
check_gpu() {
    has --gpus "$@" || case ${NVIDIA_VISIBLE_DEVICES:-void} in void | none) return 0 ;; esac
    if [ "${SWEEPYARD_BUILD:-}" = cpu ]; then
        problem "a GPU is asked for, and this image has TensorFlow for processors alone: use the one of the target gpu"
    elif ! nvidia-smi -L 2>/dev/null | grep -q '^GPU '; then
        problem "a GPU is asked for, and there is none (nvidia-smi names none): start the container with --gpus, on a host \
with NVIDIA's driver and Container Toolkit; or ask for none"
    fi
}

# The file that `register` leaves: the digest of a sweep file, and the sweep that it was registered as.
registered() {
    [ -s "$state/sweep" ] && cut -d ' ' -f "$1" "$state/sweep"
}

register() {
    digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
    if [ "$(registered 1)" != "$digest" ]; then
        told=$(sweepyard sweep "$@" --no-agents --json)
        sweep=$(printf '%s' "$told" | python3 -c 'import json, sys; print(json.load(sys.stdin)["sweep"])')
        printf '%s %s\n' "$digest" "$sweep" >"$state/.sweep"
        mv "$state/.sweep" "$state/sweep"
    fi
    echo "agents of this volume work on $(registered 2)"
}

# Each notebook is copied once: what somebody makes of it stays.
lay_out_notebooks() {
    mkdir -p "$state/notebooks"
    for notebook in "$shared_notebooks"/*.ipynb; do
        [ -e "$state/notebooks/${notebook##*/}" ] || cp "$notebook" "$state/notebooks"
    done
}

accept_key() {
    [ -n "${WANDB_API_KEY:-}" ] || return 0
    key=$WANDB_API_KEY
    unset WANDB_API_KEY
    printf '%s\n' "$key" | sweepyard hub keys add --user local --name environment --key-file -
}

# `healthy`: a hub that is served here answers; `healthy hub`: there is one, and it answers; `healthy notebook`: Jupyter does.
ask_health() {
    address=${SWEEPYARD_HOME:?}/hub.json
    case ${1:-} in
    notebook) set -- Jupyter "http://127.0.0.1:${JUPYTER_PORT:-8888}/api" ;;
    *)
        [ -e "$address" ] || [ "${1:-}" = hub ] || exit 0
        set -- "the hub" "$address"
        ;;
    esac
    exec python3 -c '
import json, sys, urllib.request
who, address = sys.argv[1:]
try:
    url = address if address.startswith("http") else json.load(open(address))["url"] + "/healthz"
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10)
except OSError as error:
    sys.exit(f"{who} does not answer: {error}")
' "$@"
}

[ $# -gt 0 ] || refuse_usage "a command is missing"
command=$1
shift
case $command in
--help | -h | help)
    usage
    exit
    ;;
healthy) ask_health "$@" ;;
esac

# `hub` alone, or with options, serves; `hub keys list` and the like are commands of the hub.
case $command:${1:--} in hub:-*) command=serve_hub ;; esac

if ! has --help "$@"; then
    read_secrets
    prepare_volume
    case $command:${1:-} in
    train:*) has tracking "$@" || has tracking.mode "$@" || ! uses_server || set -- tracking=wandb "$@" ;;
    agent: | agent:-*)
        if [ -s "$state/sweep" ]; then
            set -- "$(registered 2)" "$@"
        else
            problem "no sweep is named, and none is registered in the volume $state: name one, or begin with \`register FILE\`"
        fi
        ;;
    notebook:*) [ -d "$shared_notebooks" ] || problem "this image has no Jupyter: use the one of the target notebook" ;;
    register:) refuse_usage "register needs a FILE" ;;
    register:*) [ -f "$1" ] && [ -r "$1" ] || problem "register needs a sweep file that user $(id -u) may read, received $1" ;;
    esac
    case $command:${1:-} in
    sweep:edit | sweep:export | sweep:hosts | sweep:readmit) ;;
    agent:* | register:* | sweep:*) has --target "$@" || ! uses_server || set -- "$@" --target wandb ;;
    esac
    case " $* " in *" tracking=wandb "* | *" tracking.mode=wandb "* | *" --target wandb "* | *" --target=wandb "*) check_login ;; esac
    case $command in train | agent | sweep) check_gpu "$@" ;; esac
    [ "$problems" -eq 0 ] || exit 1
fi

case $command in
register) register "$@" ;;
serve_hub)
    umask 077
    has --help "$@" || accept_key
    exec sweepyard hub serve "$@"
    ;;
notebook)
    has --help "$@" || lay_out_notebooks
    exec jupyter lab --no-browser --ServerApp.root_dir="${state:-.}/notebooks" "$@"
    ;;
shell) exec sh "$@" ;;
*) exec sweepyard "$command" "$@" ;;
esac

#!/bin/sh
# Makes what compose.yaml reads as secrets, once: password, API key, Jupyter's token, and a certificate for the hub.
set -eu

usage() {
    cat <<'TEXT'
Usage: deploy/compose/make-secrets.sh [FOLDER [NAME...]]

Makes FOLDER (secrets), which only you can enter, with database-password, api-key, notebook-token, ca.crt, hub.crt and hub.key.
The hub's certificate is for the names hub and localhost, and for each further NAME (or IP address) by which browsers and
agents call it.
What is there already stays as it is, and nothing is made: remove FOLDER for new ones.

Example:
  deploy/compose/make-secrets.sh secrets sweeps.lab
TEXT
}

case ${1:-} in --help | -h)
    usage
    exit
    ;;
esac
folder=${1:-secrets}
[ $# -eq 0 ] || shift
if [ -e "$folder" ]; then
    echo "error: $folder is there already: remove it for new secrets, or name another folder" >&2
    exit 1
fi

umask 077
making=$folder.making
rm -rf "$making"
mkdir -p "$making"
here=$PWD
trap 'cd "$here" && rm -rf "$making"' EXIT
cd "$making"
names=DNS:hub,DNS:localhost,IP:127.0.0.1
for name; do
    case $name in
    '' | *[!0-9A-Za-z.:_*-]*)
        echo "error: a NAME is a host's name or IP address, received '$name'" >&2
        exit 2
        ;;
    *:*) kind=IP ;;
    *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
    esac
    names=$names,$kind:$name
done
# The authority's key signs one certificate and is gone.
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 825 \
        -subj "/CN=Sweepyard compose" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout hub.key -out hub.csr -subj /CN=hub
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$names" >names
    openssl x509 -req -in hub.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out hub.crt -days 825 -extfile names
} 2>openssl.log || {
    cat openssl.log >&2
    exit 1
}
openssl rand -hex 24 | tr -d '\n' >database-password
openssl rand -hex 20 | tr -d '\n' >api-key
openssl rand -hex 20 | tr -d '\n' >notebook-token
rm ca.key ca.srl hub.csr names openssl.log
# Containers have user ids of their own. The folder keeps everybody else on this machine out.
chmod 0444 ./*
cd - >/dev/null
mv "$making" "$folder"
echo "made $folder; the key for the dashboard: $folder/api-key"

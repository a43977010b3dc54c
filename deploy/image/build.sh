#!/bin/sh
# What the build stages of the Dockerfile do.
#   build.sh packages LOCK       the packages of a hashed lock, into /opt/sweepyard
#   build.sh more LOCK           those of a larger lock that are not there yet, into /build/root
#   build.sh sweepyard SOURCE    Sweepyard itself, into /build/root: a layer of its own, which is all that a change of it costs
set -eu

venv=/opt/sweepyard
root=/build/root
export PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Nothing at run time reads packages' own tests, the headers for C++ extensions of TensorFlow, or libclang.
prune() {
    find "$1" -type d \( -name tests -o -path '*/tensorflow/include' -o -path '*/site-packages/clang' \) \
        -prune -exec rm -rf {} +
}

compile() {
    # Bytecode that is not compared with its source: there is nothing in an image that changes it.
    "$venv/bin/python3" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$1"
}

case $1 in
packages)
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --require-hashes --requirement "$2"
    prune "$venv/lib"
    compile "$venv/lib"
    ;;
more)
    "$venv/bin/pip" install --quiet --no-warn-script-location --root "$root" --require-hashes --requirement "$2"
    prune "$root$venv/lib"
    compile "$root$venv/lib"
    ;;
sweepyard)
    "$venv/bin/pip" install --quiet --no-warn-script-location --no-deps --no-build-isolation --root "$root" "$2"
    compile "$root$venv/lib"
    "$venv/bin/pip" uninstall --quiet --yes pip
    ;;
esac

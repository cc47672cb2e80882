#!/bin/sh
# Print what `make setup` adds to the installer's arguments: the lock of one of PyTorch's builds, and where to look for it.
#
#     sh make/torch.sh auto|cpu|cuda PYTHON UV INDEX      PYTHON: pip's, whose settings count too; UV: empty for pip itself
#
# No place is written in this project: the CPU build comes from wherever the installer is set up to look, or from INDEX.
set -eu
build=$1 python=$2 uv=$3 index=$4
lock=requirements-torch-cpu.lock

if [ "$build" = auto ]; then
    if [ "$(uname -s)" != Linux ] || nvidia-smi -L >/dev/null 2>&1; then build=cuda; fi
fi

# uv does not read pip's settings; pip's folders of wheels are passed on.
places=
if [ -n "$uv" ]; then
    for folder in ${PIP_FIND_LINKS:-$("${python:-python3}" -m pip config get global.find-links 2>/dev/null || true)}; do
        places="$places --find-links $folder"
    done
fi
case $index in
    "") ;;
    *://*)
        places="$places --extra-index-url $index"
        # uv stops at the first index that has a package; PyTorch's has others, too. The hashes say which file is meant.
        if [ -n "$uv" ]; then places="$places --index-strategy unsafe-best-match"; fi ;;
    *) places="$places --find-links $index" ;;
esac

# Whether the CPU build is in sight for this Python and machine.
seen() {
    if [ -n "$uv" ]; then
        uv pip install --quiet --dry-run --python .venv/bin/python --no-deps --require-hashes $places --requirement $lock
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed --no-deps \
            --require-hashes $places --requirement $lock
    fi >/dev/null 2>&1
}

# To the installers an installed CPU build passes for the other one.
drop_cpu() {
    if ls -d .venv/lib/python*/site-packages/torch-*+cpu.dist-info >/dev/null 2>&1; then
        if [ -n "$uv" ]; then
            uv pip uninstall --quiet --python .venv/bin/python torch
        else
            .venv/bin/python -m pip uninstall --quiet --yes torch
        fi
    fi
}

case $build in
    cuda) ;;
    cpu | auto)
        if seen; then
            build=cpu
        elif [ "$build" = auto ]; then
            echo "no GPU answers, and PyTorch's CPU build is not in sight (make setup TORCH_INDEX=… names its CPU index):" \
                "taking the build with CUDA, 4 GB larger" >&2
            build=cuda
        else
            echo "TORCH=cpu: no wheel of $lock is in sight; name PyTorch's CPU index: make setup TORCH_INDEX=…" >&2
            exit 1
        fi ;;
    *)
        echo "TORCH=$build is not a build of PyTorch; expected auto, cpu or cuda" >&2
        exit 1 ;;
esac
if [ "$build" = cuda ]; then
    drop_cpu
    places=
fi
if [ -z "$uv" ]; then printf -- '--requirement '; fi
echo "requirements-torch-$build.lock$places"

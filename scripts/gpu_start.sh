#!/usr/bin/env bash
# Start scripts/gpu_rows.py on a machine with a GPU and no network, from what gpu_bundle.sh collected.
#
#     scripts/gpu_start.sh OUT [OPTION...]
set -euo pipefail
cd "$(dirname "$0")/.."
site=$(mktemp -d)
python3 -m pip install --quiet --no-index --no-deps --no-compile --target "$site" .gpu/wheels/*.whl
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" BENCH_DATA_DIR="$PWD/.gpu/data" PYTHONUNBUFFERED=1
exec python3 scripts/gpu_rows.py "$@" --commit "$(cat .gpu/commit)"

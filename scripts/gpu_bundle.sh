#!/usr/bin/env bash
# Collect in .gpu/ what scripts/gpu_rows.py needs on a machine with a GPU and no network.
#
#     scripts/gpu_bundle.sh [PYTHON_VERSION]      3.12 where none is given
#
# That machine has JAX with its CUDA plugin, and with it NumPy; what else Keras needs (absl-py, h5py,
# ml-dtypes, packaging, rich) is taken to be there.  MNIST comes from $BENCH_DATA_DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-3.12}
rm -rf .gpu
mkdir -p .gpu/wheels .gpu/data
platforms=(--platform manylinux1_x86_64 --platform manylinux2014_x86_64)
for minor in 17 27 28; do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
python3 -m pip download --quiet --no-deps --only-binary=:all: --implementation cp \
    --python-version "$version" "${platforms[@]}" -d .gpu/wheels \
    keras==3.15.1 namex optree pydantic==2.14.3 pydantic-core==2.50.4 annotated-types \
    typing-inspection typing-extensions filelock
cp "${BENCH_DATA_DIR:?says where mnist.npz is}"/mnist.npz .gpu/data/
git rev-parse HEAD >.gpu/commit
du -sh .gpu

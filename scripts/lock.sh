#!/usr/bin/env bash
# Write requirements.lock (what runs) and requirements-dev.lock (what runs and tests), for every platform.
#
# torch pins its own CUDA packages exactly, and a CPU build of torch needs none of them, so they stay out of
# the lock: pip takes those that the chosen torch wheel asks for, and a CPU machine downloads no CUDA.
#
# rfc3987-syntax stays out as well: cyclonedx-bom asks for it to check formats that we do not use, jsonschema takes it
# where it is there, and chromadb imports jsonschema. It compiles its grammars when it is imported: four seconds at
# every start of the program, in the tests and the benchmarks, which a student's machine does not have.
set -euo pipefail
cd "$(dirname "$0")/.."
left_to_torch=$(python - <<'PY'
names = """cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc
nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse
nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx triton"""
print(" ".join(f"--no-emit-package {name}" for name in names.split()))
PY
)
common="--universal --python-version 3.11 --no-annotate --no-header --quiet $left_to_torch"
uv pip compile $common pyproject.toml -o requirements.lock "$@"
uv pip compile $common --no-emit-package rfc3987-syntax --no-emit-package lark \
  --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock "$@"

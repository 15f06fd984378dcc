"""Speed and memory, each against a named baseline of the same run. `python -m benchmarks` writes docs/benchmarks.md."""

"""Benchmarks: `python -m bench` runs all, `python -m bench.speed` and `python -m bench.ablation` one of them."""

"""Run every benchmark, one after the other."""

from __future__ import annotations

from bench import ablation, browser, profile, speed
from bench.peers import __main__ as peers

if __name__ == "__main__":
    speed.main()
    browser.main()
    ablation.main()
    profile.main()
    peers.main([])

"""kbot beside its peers: `python -m bench.peers`. Same passages, same weights, same questions, in turn."""

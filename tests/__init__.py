"""The tests. A package, so that their helpers are found before another that a library may have installed."""

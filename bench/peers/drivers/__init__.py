"""One module a system, run in that system's own environment. They import nothing of kbot but kbot's own two."""

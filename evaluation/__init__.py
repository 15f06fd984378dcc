"""Quality measured: routing, retrieval, answers, and the labs against published values. `make eval` runs all of it."""

"""What benchmarks stand on: a database of their own, processes that post, and a table of ratios."""

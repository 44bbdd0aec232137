"""A record shop's program with real purchases, for trying everything out (see README.md in this folder)."""

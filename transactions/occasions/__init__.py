"""Who gets points for a birthday or an anniversary, and how are they given once? Source: semantics C22."""

"""Which members does a segment hold? Conditions, combined; what they ask for lies in the apps above.

`base` says what a condition is, `registry` which there are, `fields` what they are made of, `trees` how they are
combined, checked and said in words.
"""

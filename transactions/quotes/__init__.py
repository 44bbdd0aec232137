"""What would a basket earn, and what may be redeemed on it? Computed by the code that posts, and never written."""

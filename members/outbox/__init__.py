"""How does everything leave that somebody should hear of? Events are spread into deliveries, and these are sent."""

"""The steps of a night that is shared for its tiers alone, as they are shipped."""

from loyalty_site.night import tiers

STEPS = [tiers.STEP]

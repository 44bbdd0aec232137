from programs.admin import (
    caps,
    messages,
    parts,
    programs,
    promotion_codes,
    promotions,
    rules,
    segments,
    sku_lists,
    steps,
    tiers,
)

__all__ = [
    "caps",
    "messages",
    "parts",
    "programs",
    "promotion_codes",
    "promotions",
    "rules",
    "segments",
    "sku_lists",
    "steps",
    "tiers",
]

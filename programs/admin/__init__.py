from programs.admin import caps, messages, parts, programs, rules, segments, sku_lists, tiers

__all__ = ["caps", "messages", "parts", "programs", "rules", "segments", "sku_lists", "tiers"]

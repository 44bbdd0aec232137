from programs.admin import caps, parts, programs, rules, tiers

__all__ = ["caps", "parts", "programs", "rules", "tiers"]

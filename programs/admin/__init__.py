from programs.admin import caps, messages, parts, programs, rules, tiers

__all__ = ["caps", "messages", "parts", "programs", "rules", "tiers"]

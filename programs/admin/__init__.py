from programs.admin import caps, parts, programs, rules

__all__ = ["caps", "parts", "programs", "rules"]

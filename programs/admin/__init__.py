from programs.admin import parts, programs, rules

__all__ = ["parts", "programs", "rules"]

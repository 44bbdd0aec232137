"""Which products does a list name that is too long for the conditions of a rule?"""

from django.db import models
from simple_history.models import HistoricalRecords

from programs.models.programs import Program, ProgramPart


class SkuList(ProgramPart):
    """Products by their SKUs, for rules that name the list by its code. The SKUs are no part of the program's
    document and change without a new version: a transaction keeps which of its own stood in the lists."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="sku_lists")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "list of SKUs"
        verbose_name_plural = "lists of SKUs"
        ordering = ["program_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="sku_list_code_once_per_program",
                violation_error_message="The program already has a list of SKUs with this code.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SkuListEntry(models.Model):
    """One product of a list."""

    # A list that is left out of a document must not take a hundred thousand SKUs with it.
    list = models.ForeignKey(SkuList, models.PROTECT, related_name="entries")
    sku = models.CharField("SKU", max_length=64)

    class Meta:
        verbose_name = "SKU of a list"
        verbose_name_plural = "SKUs of lists"
        ordering = ["sku"]
        constraints = [
            # In this order, because a posting asks in which lists its SKUs are.
            models.UniqueConstraint(
                fields=["sku", "list"],
                name="sku_once_per_list",
                violation_error_message="The list has this SKU already.",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

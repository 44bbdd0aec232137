"""What does an order of several rows mean? One Activity, with a line for each row that says one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loyalty_site.lib import quantities
from loyalty_site.lib.money import divide
from loyalty_site.lib.refusals import Refusal, Refused
from partners.activity import Line
from transactions.imports.mapping import LINE
from transactions.imports.rows import Reader, Record
from transactions.imports.spreadsheets import altered


class OrderReader(Reader):
    """Reads rows of which several may be one order."""

    def read_rows(self, line: int, rows: Sequence[list[str]]) -> tuple[Record | None, list[Refusal]]:
        """As `read`, of an order; what is empty in one of its rows is as in the others."""
        head, problems = dict[str, str](), list[Refusal]()
        for row in rows:
            for target, text in zip(self.targets, row, strict=True):
                if target in LINE:
                    head[target] = "1" if target == "quantity" else ""
                elif text and head.setdefault(target, text) not in ("", text):
                    detail = f"The rows of this order differ: “{head[target][:40]}” and “{text[:40]}”."
                    problems.append(Refusal("order_differs", detail, field=target))
        record, wrong = self.read(line, [head.get(target, "") for target in self.targets])
        if not {*LINE}.isdisjoint(self.targets):
            lines = [self._order_line(dict(zip(self.targets, row, strict=True)), problems) for row in rows]
            record = _with_lines(record, [one for one in lines if one], problems) if record else None
        return (None, problems + wrong) if problems or wrong else (record, [])

    def _order_line(self, texts: Mapping[str, str], problems: list[Refusal]) -> Line | None:
        """The line that a row of an order says, None if it says none; what is wrong with it is noted."""
        values = {name: texts[name] for name in LINE if name in texts}
        if not any(values.values()):
            return None
        problems += altered(values)
        try:
            quantity = self._quantity("quantity", values["quantity"]) if "quantity" in values else quantities.UNIT
            name = "line_amount" if "line_amount" in values else "line_price"
            # Only what the lines cost beside each other counts, so nothing is rounded: in thousandths where weighed.
            amount = self._money(name, values[name]) * (quantity if name == "line_price" else 1)
        except Refused as refused:
            problems.append(refused.refusal)
            return None
        said = self.constants | values
        whole, part = quantities.split(quantity)
        return Line(said.get("sku", ""), said.get("category", ""), whole, amount, thousandths=part)


def _with_lines(record: Record, lines: Sequence[Line], problems: list[Refusal]) -> Record:
    """The goods of the order, and its tax, belong to its lines in proportion to what these cost."""
    columns = record.columns
    goods, weights = max(0, (columns["amount"] or 0) - columns["shipping"]), [line.amount for line in lines]
    if goods and lines and not any(weights):
        detail = "No row of this order has an amount, so its total cannot be divided over them."
        problems.append(Refusal("order_without_lines", detail, field="amount"))
    amounts = divide(goods, weights)
    # By what the lines have now, so that none has more tax than amount.
    taxes = divide(min(goods, columns["tax"]), amounts)
    divided = [replace(one, amount=amount, tax=tax) for one, amount, tax in zip(lines, amounts, taxes, strict=True)]
    return record._replace(columns={**columns, "lines": tuple(divided)})

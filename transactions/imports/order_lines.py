"""What does an order of several rows mean? One Activity, with a line for each row that says one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loyalty_site.lib import quantities
from loyalty_site.lib.money import divide
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.texts import parts_of
from partners import paid
from partners.activity import Line
from transactions.imports.cells import Misread
from transactions.imports.mapping import IDENTIFYING, LINE
from transactions.imports.records import Record
from transactions.imports.rows import Reader
from transactions.imports.spreadsheets import altered
from transactions.imports.sums import tax_of_goods


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
        is_refund = bool(record and record.refund and record.refund.is_own)
        if not is_refund and not {*LINE}.isdisjoint(self.targets):
            iso = {"money": head.get("money", "").upper()}
            lines = [self._order_line(dict(zip(self.targets, row, strict=True)) | iso, problems) for row in rows]
            record = _with_lines(record, [one for one in lines if one], problems) if record else None
        return (None, problems + wrong) if problems or wrong else (record, [])

    def _order_line(self, texts: Mapping[str, str], problems: list[Refusal]) -> Line | None:
        """The line that a row of an order says, None if it says none; what is wrong with it is noted."""
        values = {name: texts[name] for name in LINE if name in texts}
        if not any(values.values()):
            return None
        problems += altered(values, IDENTIFYING)
        try:
            quantity = self._quantity("quantity", values["quantity"]) if "quantity" in values else quantities.UNIT
            name = "line_amount" if "line_amount" in values else "line_price"
            # In thousandths of a minor unit, so that nothing is rounded where a price is that of a weight.
            amount = self._money(name, values[name], texts["money"]) * (
                quantity if name == "line_price" else quantities.UNIT
            )
            off = 0
            if values.get("line_discount"):
                off = abs(self._money("line_discount", values["line_discount"], texts["money"])) * quantities.UNIT
            if amount < off:
                raise Misread("A line of a purchase costs nothing or more.", field=name)
        except Refused as refused:
            problems.append(refused.refusal)
            return None
        said = self.constants | values
        whole, part = quantities.split(quantity)
        named = said.get("sku", ""), said.get("category", "")
        labels = parts_of(said.get("labels", ""))
        return Line(*named, whole, amount, thousandths=part, discount=off, labels=labels)


def _with_lines(record: Record, lines: Sequence[Line], problems: list[Refusal]) -> Record:
    """The record with its lines at their list prices, as the order says them: what a discount of the whole order
    takes off is spread over them by the ledger, so that a refund may name what was listed or what was paid.

    Where a tax on top of the prices makes the difference, it is added to them. Where the lines cost less for no such
    reason, the rest stands in none of them: it may be the worth of a line that is not here. `lines` have their
    amounts in thousandths of a minor unit.
    """
    columns = record.columns
    goods, weights = max(0, (columns["amount"] or 0) - columns["shipping"]), [line.price for line in lines]
    if goods and lines and not any(weights):
        detail = "No row of this order has an amount, so its total cannot be divided over them."
        problems.append(Refusal("order_without_lines", detail, field="amount"))
    listed, tax = _minor_units(weights), tax_of_goods(columns["tax"], columns["shipping"], columns["shipping_tax"])
    discounts = [line.discount for line in lines]
    is_listed = listed == goods or paid.is_spread(listed, goods, len(lines))
    # Without the tax on them, if that explains the difference; how much of it is theirs is not always said.
    with_tax = listed + (tax or columns["tax"])
    if not is_listed and (with_tax == goods or paid.is_spread(with_tax, goods, len(lines))):
        prices, off = divide(goods, weights), [0] * len(lines)
    else:
        prices, off = divide(listed, weights), divide(_minor_units(discounts), discounts)
    # In proportion to the prices, so that no line has more tax than it costs.
    shares = [*prices, max(0, goods - sum(prices))]
    taxes = divide(min(sum(shares), tax), shares)[: len(lines)]
    made = [
        replace(line, amount=price + less, discount=less, tax=of_line)
        for line, price, less, of_line in zip(lines, prices, off, taxes, strict=True)
    ]
    return record._replace(columns={**columns, "lines": tuple(made)})


def _minor_units(thousandths: Sequence[int]) -> int:
    """What thousandths of minor units are together, a part of one being a whole one."""
    return -(-sum(thousandths) // quantities.UNIT)

"""Which currencies may a sign, an abbreviation or a code mean that stands beside an amount?

A sign that is used for several is taken for any of them: what money it is, the mapping or the row says.
"""

from collections.abc import Mapping

#: By currency code, what people write for it; in any letter case, with or without a point at its end.
_WRITTEN: Mapping[str, str] = {
    "$": "USD CAD AUD NZD MXN SGD HKD TWD ARS CLP COP",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "MX$": "MXN",
    "S$": "SGD",
    "HK$": "HKD",
    "NT$": "TWD",
    "R$": "BRL",
    "€": "EUR",
    "Euro": "EUR",
    "£": "GBP GIP FKP EGP LBP",
    "¥": "JPY CNY",
    "円": "JPY",
    "元": "CNY TWD HKD",
    "圆": "CNY",
    "人民币": "CNY",
    "RMB": "CNY",
    "₹": "INR",
    "Rs": "INR PKR LKR NPR MUR",
    "₨": "INR PKR LKR NPR MUR",
    "₩": "KRW",
    "원": "KRW",
    "₺": "TRY",
    "TL": "TRY",
    "₽": "RUB",
    "руб": "RUB BYN",
    "р": "RUB",
    "₪": "ILS",
    "₴": "UAH",
    "грн": "UAH",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "₫": "VND",
    "đ": "VND",
    "฿": "THB",
    "บาท": "THB",
    "₱": "PHP",
    "Rp": "IDR",
    "RM": "MYR",
    "₦": "NGN",
    "₵": "GHS",
    "KSh": "KES",
    "₡": "CRC",
    "₲": "PYG",
    "S/": "PEN",
    "zł": "PLN",
    "kr": "SEK NOK DKK ISK",
    "Kč": "CZK",
    "Ft": "HUF",
    "lei": "RON MDL",
    "лв": "BGN",
    "дин": "RSD",
    "din": "RSD",
    "KM": "BAM",
    "Fr": "CHF",
    "SFr": "CHF",
    "R": "ZAR",
    "KD": "KWD",
    "د.ك": "KWD",
    "BD": "BHD",
    "د.ب": "BHD",
    "JD": "JOD",
    "د.أ": "JOD",
    "د.ا": "JOD",
    "DT": "TND",
    "د.ت": "TND",
    "د.ع": "IQD",
    "د.ل": "LYD",
    "LD": "LYD",
    "RO": "OMR",
    "ر.ع": "OMR",
    "ر.س": "SAR",
    "SR": "SAR",
    "ر.ق": "QAR",
    "QR": "QAR",
    "﷼": "SAR QAR OMR YER IRR",
    "د.إ": "AED",
    "Dh": "AED MAD",
    "Dhs": "AED MAD",
    "د.م": "MAD",
    "ج.م": "EGP",
    "ل.ل": "LBP",
}
_SIGNS = {sign.casefold(): currencies.split() for sign, currencies in _WRITTEN.items()}


def is_sign(text: str) -> bool:
    """Whether it is known as a sign of any money."""
    return _key(text) in _SIGNS


def may_mean(text: str, iso: str) -> bool:
    """Whether `text` may stand for the currency `iso`, as its sign or its code."""
    return text.upper() == iso or iso in _SIGNS.get(_key(text), ())


def _key(text: str) -> str:
    return text.casefold().strip(".")

"""What does the API say of itself that its schema cannot draw?"""

DESCRIPTION = (
    "Enrol members, report what they do, redeem points, read balances. The guide is docs/api.md. Beside what is "
    "drawn here: instants and days lie in the years 1900 to 2199; whole numbers have no fraction, not even .0; "
    "amounts have no exponent, no more decimals than their money, and are at most 10 to the power of 15 of its "
    "smallest unit; of a text something is seen, or it is empty; e-mail addresses and phone numbers (E.164) are "
    "possible ones; a member is named by one identifier."
)

"""What can be done at each address of the ledger? One file per noun."""

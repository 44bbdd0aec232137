"""How is each fact posted? One file for each verb of the ledger, and what they share."""

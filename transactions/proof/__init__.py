"""How is it shown that the ledger is right, and why it is as it is? Reads models and the chain of hashes only."""

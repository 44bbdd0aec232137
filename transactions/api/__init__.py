"""How do other systems reach the ledger? Views, schemas and filters of its endpoints."""

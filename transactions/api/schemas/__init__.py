"""How are the ledger's facts and answers written in the API?"""

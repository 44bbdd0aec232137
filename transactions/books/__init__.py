"""What happens to balances while their members are locked? The unit of work below every verb."""

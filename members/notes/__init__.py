"""What are people of the staff told, and who of them? Words, readers, and how each wants to hear."""

"""What may the words of a message say, and how do they read for one member? Pure: no database, no network."""

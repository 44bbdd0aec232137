"""What do promotions bring, and what do they cost? Measured on what was booked; nothing of a posting asks it."""

"""What does somebody want to know first in the morning? Figures of one client, each by one question to the record."""

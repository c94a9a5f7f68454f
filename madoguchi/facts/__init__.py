"""What the city was told or knows about a person, each with its source and date. Asked once."""

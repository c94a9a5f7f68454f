"""Messages: what the city tells a person. Letters are documents with legal effect, mails only point to them."""

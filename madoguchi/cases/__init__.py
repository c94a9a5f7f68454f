"""One person's request under a published version of a procedure, from the first tap to the letter."""

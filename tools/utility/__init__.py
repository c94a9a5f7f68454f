"""A company for the demo and for tests: it takes what residents hand over with a life event, and answers."""

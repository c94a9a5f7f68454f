"""A payment provider for the demo and for tests: the part of Stripe's Checkout API that a fee needs, on loopback."""

"""Places as answers name them."""

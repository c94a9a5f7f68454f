"""The outside world, one folder a bridge. Nobody imports a bridge: each registers into a port at start-up."""

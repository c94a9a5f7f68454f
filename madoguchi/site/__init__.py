"""The deployment: settings, addresses, processes. The only place that knows every other."""

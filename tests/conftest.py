"""What holds for the whole suite."""

from hypothesis import HealthCheck, settings

# Machines are shared and the first run on a fresh clone compiles everything: how long one example takes says nothing.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

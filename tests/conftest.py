"""What holds for the whole suite."""

from hypothesis import HealthCheck, settings

# Machines are shared and the first run on a fresh clone compiles everything: how long one example takes says nothing.
settings.register_profile("common", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A change is judged by what it changed: the same examples in every run.
settings.register_profile("suite", settings.get_profile("common"), derandomize=True)
# New examples in every run, and many: `make hunt`.
settings.register_profile("hunt", settings.get_profile("common"), max_examples=3000, print_blob=True)
settings.load_profile("suite")

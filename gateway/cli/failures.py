"""What went wrong, as one line on standard error and an exit code; the one place that knows which is which."""

import sys
from collections.abc import Callable
from typing import Final

from gateway.errors import GatewayError, SettingsError, StoreUnavailableError, UnreachableError

DONE: Final = 0
REFUSED: Final = 1
BAD_USAGE: Final = 2
NOT_REACHABLE: Final = 3
INTERRUPTED: Final = 130
WHERE: Final = ". The store is named by --store, GATEWAY_STORE_URL or the settings"


def exit_code(run: Callable[[], int]) -> int:
    """Run a verb and turn every breakage that it foresees into its code; anything else is a bug and shows as one."""
    try:
        return run()
    except SettingsError as wrong:
        return _said(wrong, BAD_USAGE)
    except (StoreUnavailableError, UnreachableError) as lost:
        return _said(lost, NOT_REACHABLE)
    except GatewayError as refused:
        return _said(refused, REFUSED)
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _said(error: Exception, code: int) -> int:
    hint = WHERE if isinstance(error, StoreUnavailableError) else ""
    print(f"gateway: {str(error).rstrip('.') + hint if hint else error}", file=sys.stderr)
    return code

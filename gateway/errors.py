"""Breakages: what the operator must mend. A refusal of a caller is a value (`policy.vocabulary.Reason`), never one of these."""


class GatewayError(Exception):
    """Base of every error this package raises on purpose; its text says what is wrong and what is right."""


class SettingsError(GatewayError):
    """The configuration file cannot be used; the text names file, line and the right form."""


class StoreUnavailableError(GatewayError):
    """The policy store cannot be reached, or is not one that may be trusted (a replica, a demoted master)."""


class CommandError(GatewayError):
    """An operator's command is refused; the text says what to do instead."""


class OvertakenError(CommandError):
    """Another change came first: what this one was judged by is not the policy any more. It may be judged and tried again."""


class UnreachableError(GatewayError):
    """What a verb has to talk to does not answer; the text says who and where."""

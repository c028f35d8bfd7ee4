"""The errors that the pipeline expects: each says what happened and what to do about it."""

from __future__ import annotations

from typing import ClassVar


class PipelineError(Exception):
    """Something that the user can do something about; `hint` says what."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUsage(PipelineError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class DatabaseRefused(PipelineError):
    """The database, or the server it is on, refused what it was asked."""

    sqlstate: ClassVar[str | None] = None


class IllegalStatusChange(DatabaseRefused):
    sqlstate = "23X01"


class HoldNotElapsed(DatabaseRefused):
    sqlstate = "23X02"


class PaidWithoutPayout(DatabaseRefused):
    sqlstate = "23X03"


class AlreadyEarning(DatabaseRefused):
    sqlstate = "23X04"


class AmountsChanged(DatabaseRefused):
    sqlstate = "23X05"


class EarningsDeleted(DatabaseRefused):
    sqlstate = "23X06"


class UnknownStatus(DatabaseRefused):
    sqlstate = "23X07"


class AppendOnly(DatabaseRefused):
    sqlstate = "23X08"


class FutureAsOf(DatabaseRefused):
    sqlstate = "23X09"


class UnusableTerms(DatabaseRefused):
    sqlstate = "23X10"


class BeforeHistory(DatabaseRefused):
    sqlstate = "23X11"


class PayoutRefused(DatabaseRefused):
    sqlstate = "23X12"


class UnknownSubject(DatabaseRefused):
    sqlstate = "23X13"


BY_SQLSTATE: dict[str, type[DatabaseRefused]] = {
    error.sqlstate: error for error in DatabaseRefused.__subclasses__() if error.sqlstate
}

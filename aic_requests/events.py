"""One line in the log for each thing that a session does by itself, or cannot settle."""

import logging

_log = logging.getLogger("aic_requests")


def log_event(level: int, event: str, text: str, /, **fields: str | float | None) -> None:
    """
    Write a line to the log ``aic_requests``.

    Args:
        level: Of ``logging``: INFO where the session goes on by itself, WARNING where somebody should look.
        event: What happened, in one word, the same for each such line: what a program asks for.
        text: The line, for people: a template in which ``%(path)s`` is one of the fields.
        fields: What there is to know. No secret may be among them: no query, no header's value, no body.

    The record has an attribute ``aic``, a dict of the event and the fields, which formatters that write JSON
    (python-json-logger, structlog) put out as it is.
    """
    if _log.isEnabledFor(level):
        _log.log(level, text, fields, extra={"aic": {"event": event, **fields}}, stacklevel=2)

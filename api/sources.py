"""The files that a user names on the command line, read or refused in one sentence."""

from pathlib import Path

from api.failures import BadRequest

MOST_BYTES = 16 * 1024 * 1024


def read_text(path: str, what: str) -> str:
    """The UTF-8 text of a file; BadRequest where it cannot be read as such."""
    try:
        file = Path(path)
        if file.stat().st_size > MOST_BYTES:
            raise BadRequest(f"{what} {path} has more than {MOST_BYTES} bytes; at most so many are read")
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"{what} {path} is no UTF-8 text (byte {error.start}); plain text is accepted", code="not_text"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadRequest(f"{what} {path} cannot be read: {reason}", code="unreadable") from error


def write_text(path: str, text: str) -> None:
    """Write a file that the user named."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadRequest(f"{path} cannot be written: {reason}", code="unwritable") from error

"""The rules that every text of a request keeps, whether a completion is asked for or judged."""

from dlcodegen_core.errors import RequestError

MAX_TEXT_CHARACTERS = 100_000


def check_request_text(what: str, text: object, advice: str = "Send only what stands before the cursor.") -> None:
    """Raise RequestError, naming `what`, for what is no text, too long, or not Unicode."""
    if not isinstance(text, str):
        raise RequestError(f"{what} is {type(text).__name__}, not text.")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise RequestError(f"{what} has {len(text):,} characters; at most {MAX_TEXT_CHARACTERS:,} are read. {advice}")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise RequestError(f"{what} holds half of a character (a lone surrogate). Send valid Unicode.")

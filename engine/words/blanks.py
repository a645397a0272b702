"""Text that has been read is blanked, so that nothing is read twice."""


def blank(text: str, start: int, end: int) -> str:
    """The text with a stretch of it blanked; every other position stays where it was.

    A control character that no entry of the lexicon contains stands for what was read.
    """
    return text[:start] + "\x00" * (end - start) + text[end:]

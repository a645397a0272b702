"""The kinds of mistakes that ``errors[].code`` names, beside the codes of problems themselves."""

from api.docs.frame import coded

MISTAKES: dict[str, str] = {
    "wrong_type": "A text where a number is expected, or the like.",
    "not_one_of": "None of the words that are accepted; `limit` lists them.",
    "missing": "A field or a parameter that is needed.",
    "unknown_field": "A name that nobody knows; perhaps a slip of the pen.",
    "out_of_range": "Too little or too much; `limit` says from where to where.",
    "too_short": "Fewer characters, or a shorter piece, than is possible.",
    "too_long": "More characters than are taken.",
    "too_few": "Fewer things than are needed.",
    "too_many": "More things than are taken.",
    "bad_format": "Not written as it must be; `limit` shows how.",
    "repeated": "Given more than once.",
    "duplicate": "Twice the same where each may stand once.",
    "out_of_order": "Positions that do not go forward.",
    "contradiction": "Two fields that cannot both be; both have an entry.",
    "does_not_fit": "Right by itself, but not for this kind of piece, track or brief.",
    "nothing_asked": "Neither words nor fields.",
    "unreadable": "A text in a notation of ours that does not follow its grammar.",
    "unsupported_format": "A combination that the file format does not have.",
    "exterior_sound": "A sound outside the vehicle; those are regulated and not made here.",
    "forbidden_address": "A webhook may not go there.",
    "bad_character": "A character that no text may have (U+0000).",
    "bad_cursor": "No cursor of ours; begin at the beginning.",
    "bad_event_id": "No `Last-Event-ID` of ours.",
    "cut_off": "The compressed upload ends too early.",
    "not_gzip": "Announced as gzip, but it is not.",
    "invalid": "Wrong in another way; `detail` says how.",
}
"""By code. Codes that begin with `unknown_` say what it is that nobody knows; `limit` or `detail`
lists what is."""


def table() -> str:
    """All of them."""
    rows = "".join(
        f"<dt><code>{code}</code></dt><dd>{coded(said)}</dd>" for code, said in MISTAKES.items()
    )
    return (
        f"<dl>{rows}<dt><code>unknown_…</code></dt><dd>A style, an instrument, a chord and so on "
        "that nobody knows; <code>limit</code> or <code>detail</code> lists those that are.</dd>"
        "</dl>"
    )

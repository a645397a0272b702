"""``python -m engine.words [held_out]``: how well the evaluation sentences are understood."""

import sys

from engine.words import evaluation
from engine.words.confusion import report


def main() -> None:
    """Print figures, tables of confusion and every mistake."""
    path = evaluation.HELD_OUT if sys.argv[1:] == ["held_out"] else evaluation.SENTENCES
    sys.stdout.write(f"{report(evaluation.evaluate(evaluation.sentences(path)))}\n")


if __name__ == "__main__":
    main()

"""``python -m engine.words``: how well the evaluation sentences are understood."""

import sys

from engine.words import evaluation


def main() -> None:
    """Print the table of figures and mistakes."""
    cases = evaluation.sentences()
    tallies, mistakes = evaluation.evaluate(cases)
    sys.stdout.write(f"{len(cases)} sentences\n{evaluation.table(tallies, mistakes)}\n")


if __name__ == "__main__":
    main()

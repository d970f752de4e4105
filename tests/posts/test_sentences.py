"""Where sentences end."""

import itertools

import pytest

from newsletter.posts import sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It rained. We stayed!", ["It rained.", "We stayed!"]),
        ("Dr. Rao met Sen. Ito on Sept. 3 at No. 10.", ["Dr. Rao met Sen. Ito on Sept. 3 at No. 10."]),
        ("“Stay.” She stayed. “Why?” Nobody knew.", ["“Stay.”", "She stayed.", "“Why?”", "Nobody knew."]),
        ("It cost 3.50 pounds… then more", ["It cost 3.50 pounds… then more"]),
        ("¿Vienes? ¡Sí! Vamos.", ["¿Vienes?", "¡Sí!", "Vamos."]),
        ("川は美しい。行こう。", ["川は美しい。", "行こう。"]),
        ("First line\nSecond line", ["First line", "Second line"]),
    ],
)
def test_sentences_end_where_a_reader_would_pause(text: str, found: list[str]) -> None:
    """Titles, months, numbers and quotation marks do not end one by themselves."""
    starts = [0, *sentences.ends(text), len(text)]

    cut = [text[start:end].strip() for start, end in itertools.pairwise(starts)]

    assert [piece for piece in cut if piece] == found

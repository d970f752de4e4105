"""The loop most Python programs use: ``python -m benchmarks.naive FOLDER PORT COUNT``.

Per recipient two Jinja2 templates are rendered, an `EmailMessage` is built, and
`smtplib` sends it over one connection that is kept. There is no ledger.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from benchmarks.people import FIRST_NAMES, LAST_NAME, TOWNS, address

if TYPE_CHECKING:
    from collections.abc import Mapping

_WARM_UP = 20


class Letters:
    """The templates of one letter."""

    def __init__(self, folder: Path) -> None:
        """Read and compile them, once."""
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
        plain = environment.overlay(autoescape=False)
        self._html, self._text = environment.get_template("html.j2"), plain.get_template("text.j2")
        self._headers = json.loads((folder / "headers.json").read_text(encoding="utf-8"))
        self._subject = plain.from_string(self._headers.pop("Subject"))

    def write(self, person: Mapping[str, str]) -> EmailMessage:
        """Return one person's message."""
        message = EmailMessage()
        for name, value in self._headers.items():
            message[name] = value
        message["To"] = f"{person['first_name']} {LAST_NAME} <{person['email']}>"
        message["Subject"] = self._subject.render(person)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="rivertrust.example")
        message["List-Unsubscribe"] = f"<{person['unsubscribe_url']}>"
        message.set_content(self._text.render(person))
        message.add_alternative(self._html.render(person), subtype="html")
        return message


def person(number: int) -> dict[str, str]:
    """Return somebody like the subscribers of the scratch workspace."""
    token = f"{number:022d}"
    return {
        "email": address("supporters", number),
        "first_name": FIRST_NAMES[number % len(FIRST_NAMES)],
        "town": TOWNS[number % len(TOWNS)],
        **{
            f"{page}_url": f"https://news.rivertrust.example/{page[0]}/{token}"
            for page in ("unsubscribe", "preferences", "view")
        },
    }


def main(folder: str, port: str, count: str) -> None:
    """Print count, wall_s, cpu_s and start_cpu_s as JSON."""
    letters = Letters(Path(folder))
    with smtplib.SMTP("127.0.0.1", int(port)) as server:
        for number in range(_WARM_UP):
            server.send_message(letters.write(person(number)))
        start_cpu_s, started = time.process_time(), time.perf_counter()
        for number in range(int(count)):
            server.send_message(letters.write(person(number)))
        facts = {
            "count": int(count),
            "wall_s": time.perf_counter() - started,
            "cpu_s": time.process_time() - start_cpu_s,
            "start_cpu_s": start_cpu_s,
        }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])

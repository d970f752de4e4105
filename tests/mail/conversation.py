"""What the relay of the tests says and does on one connection."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import socket
import ssl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mail.relay import Relay

YES = "250 2.0.0 Ok: queued as 4F1A2"
END = b"\r\n.\r\n"
_MAIL = re.compile(r"FROM:<([^<>\s]*)>((?: [A-Z0-9]+(?:=\S+)?)*)", re.IGNORECASE)
_RCPT = re.compile(r"TO:<([^<>\s]+)>", re.IGNORECASE)


class GoneError(Exception):
    """The connection is over."""


class Conversation:
    """One client, from the greeting to its end."""

    def __init__(self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relay = relay
        self._offer = relay.offer
        self._reader = reader
        self._writer = writer
        self._heard = b""
        self._encrypted = writer.get_extra_info("ssl_object") is not None
        self._logged_in = False
        self._forget()

    async def run(self) -> None:
        """Talk until one of the two has enough."""
        try:
            await self.say("CONNECT", "", f"220 {self._offer.hostname} ESMTP")
            while True:
                await self._obey(await self._line())
        except (GoneError, OSError):
            pass
        finally:
            self._writer.close()

    async def say(self, step: str, who: str, usual: str) -> str:
        """Answer as the script says, or as usual; return the reply.

        ``hang up``, ``drop``    reset the connection
        ``close``                end it in order, without a word
        ``silence``              say nothing until the client gives up
        ``wait SECONDS REPLY``   take time
        ``fragments REPLY``      byte by byte
        ``421 …``                is followed by the end of the connection
        """
        reply = said(self._relay.answer(step, who) or usual)
        await self._utter(reply)
        return reply.rpartition("\0")[2]

    async def _utter(self, reply: str) -> None:
        manner, _, text = reply.rpartition("\0")
        if text in {"hang up", "drop"}:
            self._reset()
        if text == "silence":
            while await self._reader.read(65536):
                pass
        if text in {"close", "silence"}:
            raise GoneError
        if manner.startswith("wait"):
            await asyncio.sleep(float(manner.split()[1]))
        octets = text.encode("utf-8", "surrogateescape") + b"\r\n"
        size = 1 if manner == "fragments" else len(octets)
        for start in range(0, len(octets), size):
            self._writer.write(octets[start : start + size])
            await self._writer.drain()
            await asyncio.sleep(0)
        if text.startswith("421"):
            raise GoneError

    def _reset(self) -> None:
        """End the connection so that the client sees a reset."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        raise GoneError

    async def _more(self) -> None:
        arrived = await self._reader.read(65536)
        if not arrived:
            raise GoneError
        self._heard += arrived

    async def _line(self) -> str:
        while b"\r\n" not in self._heard:
            await self._more()
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line.decode("utf-8", "surrogateescape")

    async def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        if self._heard and (not self._offer.pipelining or verb not in {"MAIL", "RCPT", "RSET"}):
            self._complain(f"{verb} did not wait for its answer")
        act = getattr(self, f"_{verb.lower()}_command", None)
        if act is None:
            self._complain(f"unknown command {line!r}")
            await self._utter("500 5.5.1 what?")
        else:
            await act(rest)

    def _complain(self, why: str) -> None:
        self._relay.complaints.append(why)

    def _forget(self) -> None:
        self._sender: str | None = None
        self._tried = ""
        self._recipient = ""
        self._options = ""

    async def _ehlo_command(self, _rest: str) -> None:
        self._forget()
        offer = self._offer
        lines = [offer.hostname]
        lines += ["PIPELINING"] if offer.pipelining else []
        lines += ["8BITMIME"] if offer.eight_bit else []
        lines += ["SMTPUTF8"] if offer.enable_SMTPUTF8 else []
        lines += [f"SIZE {offer.data_size_limit}"] if offer.data_size_limit else []
        lines += ["STARTTLS"] if offer.tls_context and not self._encrypted else []
        lines += ["AUTH LOGIN PLAIN"]
        heads = [f"250-{line}" for line in lines]
        await self.say("EHLO", "", "\r\n".join([*heads, "250 HELP"]))

    async def _helo_command(self, _rest: str) -> None:
        self._forget()
        await self.say("EHLO", "", f"250 {self._offer.hostname}")

    async def _quit_command(self, _rest: str) -> None:
        await self._utter("221 2.0.0 bye")
        raise GoneError

    async def _rset_command(self, _rest: str) -> None:
        self._forget()
        await self.say("RSET", "", "250 2.0.0 Ok")

    async def _starttls_command(self, _rest: str) -> None:
        assert self._offer.tls_context is not None
        reply = await self.say("STARTTLS", "", "220 2.0.0 go ahead")
        if reply.startswith("220"):
            self._heard = b""
            with contextlib.suppress(ssl.SSLError):
                await self._writer.start_tls(self._offer.tls_context)
                self._encrypted = True
            if not self._encrypted:
                raise GoneError

    async def _auth_command(self, rest: str) -> None:
        way, _, first = rest.partition(" ")
        if way.upper() == "PLAIN":
            _, name, password = base64.b64decode(first).split(b"\0")
        else:
            name = base64.b64decode(first)
            await self._utter("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self._line())
        self._relay.logins.append((name, password))
        right = password == self._offer.password
        reply = await self.say("AUTH", "", "235 2.7.0 welcome" if right else "535 5.7.8 wrong password")
        self._logged_in = reply.startswith("235")

    async def _mail_command(self, rest: str) -> None:
        found = _MAIL.fullmatch(rest)
        if found is None:
            self._complain(f"MAIL {rest!r}")
            await self._utter("501 5.5.4 syntax")
            return
        sender, self._options = found[1], found[2].upper()
        refusal = self._why_not(sender)
        if refusal:
            await self._utter(refusal)
        elif (await self.say("MAIL", sender, "250 2.1.0 Ok")).startswith("2"):
            self._sender, self._tried, self._recipient = sender, "", ""

    def _why_not(self, sender: str) -> str:
        """Return the reply to a sender who asks for what is not offered."""
        offer, size = self._offer, re.search(r"SIZE=(\d+)", self._options)
        unknown = (
            (size and not offer.data_size_limit)
            or ("8BITMIME" in self._options and not offer.eight_bit)
            or ("SMTPUTF8" in self._options and not offer.enable_SMTPUTF8)
        )
        if unknown:
            self._complain(f"not offered: {self._options}")
            return "555 5.5.4 unknown option"
        if self._sender is not None:
            self._complain("nested MAIL")
            return "503 5.5.1 nested MAIL"
        if offer.require_starttls and not self._encrypted:
            return "530 5.7.0 Must issue a STARTTLS command first"
        if offer.auth_required and not self._logged_in:
            return "530 5.7.0 Authentication required"
        if size and int(size[1]) > offer.data_size_limit:
            return "552 5.3.4 message too big"
        return "" if sender.isascii() or "SMTPUTF8" in self._options else "553 5.6.7 needs SMTPUTF8"

    async def _rcpt_command(self, rest: str) -> None:
        found = _RCPT.fullmatch(rest)
        if self._sender is None:
            await self._utter("503 5.5.1 need MAIL")
        elif found is None:
            self._complain(f"RCPT {rest!r}")
            await self._utter("501 5.5.4 syntax")
        elif not found[1].isascii() and "SMTPUTF8" not in self._options:
            await self._utter("553 5.6.7 needs SMTPUTF8")
        else:
            self._tried = found[1]
            if (await self.say("RCPT", found[1], "250 2.1.5 Ok")).startswith("2"):
                self._recipient = found[1]

    async def _data_command(self, _rest: str) -> None:
        if self._recipient:
            reply = await self.say("DATA", self._recipient, "354 go on")
        else:
            reply = await self.say("NOBODY", self._tried, "554 5.5.1 no valid recipients")
        if not reply.startswith("354"):
            return
        message = await self._body()
        if self._recipient:
            await self._judge(message)
        else:
            if message:
                self._complain(f"a body for nobody: {message[:80]!r}")
            await self._utter("554 5.5.1 no valid recipients")
        self._forget()

    async def _body(self) -> bytes:
        fault = self._relay.answer("BODY", self._recipient)
        manner, _, count = fault.partition(" after ")
        while not (self._heard.startswith(END[2:]) or END in self._heard):
            if fault and len(self._heard) >= int(count or 1):
                break
            await self._more()
        if fault:
            if manner[0] in "45":
                await self._utter(manner)
                raise GoneError
            await self._utter(manner)
        if self._heard.startswith(END[2:]):
            self._heard = self._heard[3:]
            return b""
        body, _, self._heard = self._heard.partition(END)
        # Transparency, RFC 5321 section 4.5.2.
        return (b"\r\n" + body + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]

    async def _judge(self, message: bytes) -> None:
        recipient, limit = self._recipient, self._offer.data_size_limit
        lone = message.replace(b"\r\n", b"")
        if b"\r" in lone or b"\n" in lone:
            self._complain(f"a lone CR or LF to {recipient}")
        if not message.isascii() and self._offer.eight_bit and "8BITMIME" not in self._options:
            self._complain(f"8 bits without notice to {recipient}")
        if limit and len(message) > limit:
            await self._utter("552 5.3.4 message too big")
            return
        reply = said(self._relay.answer("DOT", recipient) or YES)
        text = reply.rpartition("\0")[2]
        if text[:1] not in {"4", "5"} and text not in {"drop", "close"}:
            self._relay.take(recipient, message)
        await self._utter(reply)


def said(reply: str) -> str:
    """Return a reply with its manner, if it has one, before a NUL."""
    found = re.fullmatch(r"(fragments|wait \S+) (.*)", reply, re.DOTALL)
    return f"{found[1]}\0{found[2]}" if found else reply

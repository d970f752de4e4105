"""Addresses are accepted, refused and compared as mail servers do."""

import string

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import addresses
from newsletter.audience.addresses import Address
from newsletter.errors import ContentError


@pytest.mark.parametrize(
    ("written", "email", "key"),
    [
        ("ana@example.org", "ana@example.org", "ana@example.org"),
        ("  Ana.Silva+news@Example.ORG\n", "Ana.Silva+news@example.org", "ana.silva+news@example.org"),
        ("o'hara@example.org", "o'hara@example.org", "o'hara@example.org"),
        ("ana@rivière.example", "ana@xn--rivire-6ua.example", "ana@xn--rivire-6ua.example"),
        ("ana@xn--rivire-6ua.example", "ana@xn--rivire-6ua.example", "ana@xn--rivire-6ua.example"),
        ("Ürün@example.org", "Ürün@example.org", "ürün@example.org"),
    ],
)
def test_an_address_has_one_form_for_the_envelope_and_one_to_compare(
    written: str, email: str, key: str
) -> None:
    """Space is dropped, the domain is ASCII and lower case, the local part stays as written."""
    assert addresses.normalise(written) == Address(email, key)


@pytest.mark.parametrize(
    "written",
    [
        *("", "  ", "ana", "ana@", "@example.org", "ana@example", "ana@@example.org", "a b@example.org"),
        *("ana@exa_mple.org", "ana@-example.org", "ana@example-.org", ".ana@example.org", "ana.@example.org"),
        *(
            "an..a@example.org",
            "ana@example..org",
            "ana@host.invalid",
            "ana@machine.local",
            "ana@[127.0.0.1]",
        ),
        *(f"{'a' * 65}@example.org", f"ana@{'a' * 64}.org", f"ana@{'a.' * 130}org", "ana@example.123"),
        *("ana@example.org\r\nBcc: eve@example.org", "ana@example.org, eve@example.org", "ana\0@example.org"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(written: str) -> None:
    """The reason is one line that shows what was written."""
    with pytest.raises(ContentError) as caught:
        addresses.normalise(written)

    assert "address" in caught.value.why
    assert "\n" not in caught.value.why
    assert len(caught.value.why) < 250


_LOCAL = st.text(string.ascii_letters + string.digits + "._+-'!", min_size=1, max_size=66)
_DOMAIN = st.text(string.ascii_letters + string.digits + ".-", min_size=1, max_size=70)


@given(local=_LOCAL, domain=_DOMAIN, top=st.sampled_from(["org", "example", "test", "LOCAL", "c", "x1"]))
def test_the_short_way_agrees_with_the_library(local: str, domain: str, top: str) -> None:
    """An address is accepted, with the same envelope, exactly when email-validator accepts it."""
    written = f"{local}@{domain}.{top}"
    try:
        found = validate_email(written, check_deliverability=False, strict=True)
        expected = f"{found.local_part}@{found.ascii_domain}"
    except EmailNotValidError:
        expected = ""

    try:
        email = addresses.normalise(written).email
    except ContentError:
        email = ""

    assert email == expected


@given(st.emails())
def test_normalising_twice_changes_nothing(written: str) -> None:
    """The envelope form is its own normal form."""
    try:
        once = addresses.normalise(written)
    except ContentError:
        return

    assert addresses.normalise(once.email) == once
    assert addresses.key_of(written) == once.key

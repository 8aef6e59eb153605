"""Secrets by reference: what is read where, and that no message repeats one."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.secret import (
    TOKEN_MIN,
    SecretError,
    is_reference,
    resolve,
    resolve_token,
    without_secret,
)

SECRET = "correct horse battery staple"  # noqa: S105  # of nothing


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"  {SECRET} \nthe second line is not it\n", encoding="utf-8")
    return path


def test_a_text_without_reference_is_itself():
    assert resolve(SECRET) == SECRET
    assert resolve("$HOME and {x}") == "$HOME and {x}"
    assert not is_reference(SECRET)


def test_a_file_gives_its_first_line_stripped(file):
    assert is_reference(f"file:{file}")
    assert resolve(f"file:{file}") == SECRET


def test_variables_are_replaced_wherever_they_stand(monkeypatch, file):
    monkeypatch.setenv("USER_NAME", "teleinfo")
    monkeypatch.setenv("PASSWORD", "p${USER_NAME}")
    monkeypatch.setenv("DIRECTORY", str(file.parent))
    assert resolve("x://${USER_NAME}:${PASSWORD}@h/d") == "x://teleinfo:p${USER_NAME}@h/d"
    assert resolve("file:${DIRECTORY}/token") == SECRET


def test_a_variable_that_looks_like_a_file_reference_is_the_secret_itself(monkeypatch, file):
    monkeypatch.setenv("PASSWORD", f"file:{file}")
    assert resolve("${PASSWORD}") == f"file:{file}"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("file:{dir}/missing", "No such file"),
        ("file:{dir}", "Is a directory"),
        ("file:token", "write the path whole"),
        ("file:", "write the path whole"),
        ("file:{dir}/\0", "no file can have this name"),
        ("file:{dir}/empty", "first line of {dir}/empty is empty"),
        ("file:{dir}/large", "too large for a secret"),
        ("file:{dir}/binary", "is not UTF-8 text"),
        ("${{TELEINFO_NOT_SET}}", "'TELEINFO_NOT_SET' is not set"),
        ("${{TELEINFO_EMPTY}}", "'TELEINFO_EMPTY' is empty"),
        ("${{}}", "'' is not set"),
        ("file:${{TELEINFO_NOT_SET}}/x", "is not set"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_named_error(tmp_path, monkeypatch, reference, says):
    (tmp_path / "empty").write_text("\nlater\n")
    (tmp_path / "large").write_text(SECRET * 1000)
    (tmp_path / "binary").write_bytes(SECRET.encode() + b"\xff")
    monkeypatch.delenv("TELEINFO_NOT_SET", raising=False)
    monkeypatch.setenv("TELEINFO_EMPTY", "")
    with pytest.raises(SecretError) as caught:
        resolve(reference.format(dir=tmp_path))
    assert isinstance(caught.value, GatewayError)
    assert says.format(dir=tmp_path) in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_may_not_be_read_is_a_named_error(file):
    file.chmod(0)
    try:
        file.read_bytes()
    except PermissionError:
        pass
    else:
        pytest.skip("this user may read everything")
    with pytest.raises(SecretError, match="Permission denied"):
        resolve(f"file:{file}")


def test_a_token_too_short_is_refused_without_being_shown(tmp_path):
    assert resolve_token("x" * TOKEN_MIN) == "x" * TOKEN_MIN
    path = tmp_path / "token"
    path.write_text("short one")
    for text in ("short one", f"file:{path}"):
        with pytest.raises(SecretError, match="at least 16 characters") as caught:
            resolve_token(text)
        assert "short one" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mariadb://u:p@h/d", "mariadb://u:***@h/d"),
        ("mysql://u:p%40@h:3306/d", "mysql://u:***@h:3306/d"),
        ("postgresql://u:a@b:c/d@h/d", "postgresql://u:***@h/d"),
        ("postgresql://:p@h/d", "postgresql://:***@h/d"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql://h/d?user=u&password=p&x=1", "postgresql://h/d?user=u&password=***&x=1"),
        ("mysql://u:p@h/d?ssl_key_password=q", "mysql://u:***@h/d?ssl_key_password=***"),
        ("file:/etc/teleinfo/url", "file:/etc/teleinfo/url"),
        ("sqlite:////var/lib/h.db", "sqlite:////var/lib/h.db"),
    ],
)
def test_a_url_is_shown_without_its_passwords(url, shown):
    assert without_secret(url) == shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_no_password_is_ever_shown(password):
    shown = without_secret(f"mariadb://user:{password}@host/db")
    assert shown == "mariadb://user:***@host/db"

"""`manage.py api_key`: prints a key once, keeps no clear text."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from engage_portal.api.models import ApiKey
from tests.api.talking import STATUS
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("api_key", *arguments, stdout=out)
    return out.getvalue()


def test_create_prints_the_key_alone_on_its_line_and_it_works(engage):
    printed = run("create", "--name", "till-101-1", "--store", "101")
    assert printed.count("\n") == 1
    assert printed.startswith("ep_")
    assert client_with(printed.strip()).get(STATUS).status_code == 200


def test_create_keeps_no_clear_text():
    key = run("create", "--name", "till-101-1").strip()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = str(cursor.fetchall())
            assert key not in rows, table
            assert key[18:] not in rows, table


def test_create_refuses_a_name_that_is_taken_even_by_a_revoked_key():
    run("create", "--name", "till-101-1")
    run("revoke", "--name", "till-101-1")
    with pytest.raises(CommandError, match="already"):
        run("create", "--name", "till-101-1", "--store", "102")
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "store"),
    [("", ""), ("  ", ""), ("n" * 81, ""), ("a\nb", ""), ("a\x00", ""), ("ok", "s" * 101), ("ok", "1\x00")],
)
def test_create_refuses_what_cannot_be_kept(name, store):
    with pytest.raises(CommandError):
        run("create", "--name", name, "--store", store)
    assert not ApiKey.objects.exists()


def test_revoke_says_what_it_did_and_that_there_was_nothing_to_do():
    run("create", "--name", "till-101-1")
    assert "revoked" in run("revoke", "--name", "till-101-1")
    for name in ("till-101-1", "nobody"):
        with pytest.raises(CommandError, match="no working key"):
            run("revoke", "--name", name)


def test_list_shows_names_stores_and_state_and_no_key():
    assert "no keys yet" in run("list")
    key = run("create", "--name", "till-101-1", "--store", "101").strip()
    run("create", "--name", "shop")
    run("revoke", "--name", "shop")
    listed = run("list").splitlines()
    assert listed == [
        "shop\tstore (all)\trevoked\tlast used never",
        "till-101-1\tstore 101\tin use\tlast used never",
    ]
    assert key[:10] not in "".join(listed)

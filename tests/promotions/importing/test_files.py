"""Promotions exports come in as contacts exports do, are told by what is in them, and wait for their own kind only."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import tasks
from contacts.importing import in_the_way, intake, read_next, take_upload
from contacts.models import Contact, ExportFile
from engage_portal.core import clock
from engage_portal.sandbox.exports import guid, person
from promotions.importing import reader
from promotions.models import Assignment
from tests.api.talking import ASSIGNMENTS, take_down
from tests.contacts.importing.exporting import export
from tests.contacts.test_plans import plans_of
from tests.engage_xml.layouts import LAYOUTS, Layout
from tests.outbox_commands.running import Said, said_by
from tests.promotions.importing.exporting import ANNA, ago, gone, new, outcome, read, taken, used

pytestmark = pytest.mark.django_db
State, Kind = ExportFile.State, ExportFile.Kind


def many(count: int, first: int = 1) -> list[dict]:
    return [new(guid(number), guid(number % 700 + 1)) for number in range(first, first + count)]


def kind_of(content: bytes, name: str = "a.xml") -> str:
    return take_upload(name, [content], "Sam").kind


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_promotions_export_is_told_by_what_is_in_it_whatever_it_is_called(layout):
    assert kind_of(LAYOUTS[layout].write([new()]).encode(), "20260412100003_0_members.xml") == Kind.PROMOTIONS


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"<promotions/>", "x.xml", Kind.PROMOTIONS),
        (b"<promotions><new>", "x.xml", Kind.PROMOTIONS),
        (b"<contacts/>", "20260412100003_0_promotions.xml", Kind.CONTACTS),
        (export(new=[{**person(1), "couponId": "1"}]), "x.xml", Kind.CONTACTS),
        (b"no xml", "x.xml", Kind.CONTACTS),
        (b"no xml", "20260412100003_0_Promotions.xml", Kind.PROMOTIONS),
    ],
)
def test_what_else_a_file_may_be(content, name, kind):
    assert kind_of(content, name) == kind


def test_a_rejected_file_holds_up_its_own_kind_only():
    bad = taken(new(), made_at=ago(hours=3), layout=Layout(names={"couponId": "kupong"}))
    behind = taken(new(), made_at=ago(hours=2))
    people = take_upload("20260412100003_0_members.xml", [export(new=[person(1)])], "Sam")
    while read_next() is not None:
        pass
    for file in (bad, behind, people):
        file.refresh_from_db()
    assert [bad.state, behind.state, people.state] == [State.REJECTED, State.WAITING, State.DONE]
    assert in_the_way() == [bad]
    assert not Assignment.objects.exists()


def test_people_are_read_before_their_offers():
    offers = taken(new(contact=guid(1)), made_at=ago(hours=3))
    people = take_upload("a.xml", [export(new=[person(1)])], "Sam")
    assert [read_next(), read_next(), read_next()] == [people, offers, None]
    assert Contact.objects.get().email


@pytest.mark.parametrize(
    "bad",
    [
        Layout().write([new(), gone()])[:-3],
        Layout().write([new()]).replace("</promotions>", "</promotion>"),
        "<!DOCTYPE promotions>" + Layout().write([new()]),
        Layout(names={"couponId": "kupong"}).write([new()]),
    ],
)
def test_a_file_that_is_cut_off_or_ill_formed_changes_nothing(bad):
    file = take_upload("20260412100003_0_promotions.xml", [bad.encode()], "Sam")
    read_next()
    file.refresh_from_db()
    assert (file.kind, file.state, bool(file.problem), file.report) == (
        Kind.PROMOTIONS, State.REJECTED, True, {},
    )  # fmt: skip
    assert not Assignment.objects.exists()
    assert not Contact.objects.exists()


def test_a_run_that_was_cut_off_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(reader, "PIECE", 40)
    file = taken(*many(100))

    class KilledError(BaseException):
        pass

    def kill(_seen):
        if Assignment.objects.count() == 80:
            raise KilledError

    with pytest.raises(KilledError):
        read_next(seen=kill)
    file.refresh_from_db()
    assert (file.state, file.position) == (State.RUNNING, 80)
    ExportFile.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert outcome(read(file)) == {"new": 100}


def test_the_folder_takes_both_kinds(settings, tmp_path):
    settings.ENGAGE_EXPORT_FOLDER = str(tmp_path / "in")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/20260412100003_0_members.xml").write_bytes(export(new=[person(1)]))
    (tmp_path / "in/Offers of today.xml").write_text(Layout().write([new()]))
    tasks.read_exports()
    assert tasks.read_exports() == 2
    assert set(ExportFile.objects.values_list("kind", "state")) == {
        ("contacts", "done"),
        ("promotions", "done"),
    }


def promotions(*arguments: object) -> Said:
    return said_by("promotions", "import", *arguments)


def test_the_command_reads_files_and_tells_what_came_of_them(tmp_path):
    path = tmp_path / "20260412100003_0_promotions.xml"
    path.write_text(Layout().write([new(), used(guid(2)), gone(guid(3))]))
    said = promotions(tmp_path, "--json")
    (file,) = said.document["files"]
    assert said.code == 0
    assert (file["kind"], file["state"], file["total"], file["new"]) == ("promotions", "done", 3, 2)
    assert ANNA not in said.out
    assert promotions(path).rows[1][1:4] == ["Read", "3", "2"]
    (tmp_path / "20260412100004_1_promotions.xml").write_text("<promotions><new>")
    assert "was rejected: It is not well-formed XML" in promotions(tmp_path).err


def test_a_till_has_offers_without_a_call(engage, till):
    """Engage is down and was never asked: what an export told is answered, with its age."""
    read(taken(new(), made_at=ago(hours=1)))
    take_down(engage)
    before = len(engage.engage.requests)
    answer = till.get(ASSIGNMENTS, {"contactId": ANNA})
    assert (answer.status_code, answer.headers["X-Engage-Freshness"]) == (200, "stale")
    assert 3600 <= int(answer.headers["Age"]) < 3700
    assert [entry["description"] for entry in answer.json()] == ["Spring lamps"]
    assert len(engage.engage.requests) == before


def test_a_piece_takes_as_many_queries_for_many_records_as_for_few(monkeypatch):
    """Writing is split by SQLite only, which takes so many values in a statement."""

    def queries(count: int, first: int) -> int:
        file = taken(*many(count, first), made_at=ago(hours=1))
        with CaptureQueriesContext(connection) as captured:
            read(file)
        return sum(not query["sql"].startswith("INSERT") for query in captured)

    few = queries(10, 1)
    assert queries(1000, 101) <= few
    again = queries(1000, 101)
    assert again <= few


def test_looking_reads_indexes_however_many_offers_there_are():
    intake.spool_folder()
    contacts = [Contact(pk=guid(number), engage_contact_id=guid(number)) for number in range(1, 701)]
    Contact.objects.bulk_create(contacts)
    Assignment.objects.bulk_create(
        Assignment(pk=guid(number), contact_id=guid(number % 700 + 1), raw="{}")
        for number in range(1, 20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    file = taken(*many(50), gone(guid(60)))
    plans = plans_of(lambda: read(file))
    about = [plan for plan in plans if "assignment" in plan or "redemption" in plan or "withdrawal" in plan]
    assert len(about) >= 3
    for plan in about:
        assert "SCAN promotions_" not in plan.replace("SCAN CONSTANT ROW", ""), plan
        assert "Seq Scan on promotions_assignment " not in plan, plan

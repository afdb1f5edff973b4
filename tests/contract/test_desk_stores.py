"""The contracts of the stores behind the labeling desk: opinions, leases, settings; over SQLite and PostgreSQL."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.stored import NOW, TASK, make_text
from tools.adapters.sql import Database, open_database
from tools.engine.errors import UnknownName
from tools.engine.records import DeskSettings, Lease, Opinion, OpinionPurpose

LATER = NOW + timedelta(seconds=60)


def opinion(number: int, purpose: OpinionPurpose = "vote", **changes: object) -> Opinion:
    made = Opinion(
        text_id=make_text(number).id,
        source="human:ada",
        purpose=purpose,
        outcome="label",
        label="baby",
        confidence=0.25,
        cost=0.5,
        seconds=1.5,
        note="ж ☕",
        model="gpt-x",
        prompt_hash="abc",
        variant="order",
        suggested="other",
        withheld="baby",
        guideline_version=1,
        at=NOW,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type] # fields by name


def ids(*numbers: int) -> list[str]:
    return [make_text(number).id for number in numbers]


def test_opinions_come_back_as_they_were_oldest_first(filled: Database) -> None:
    said = [opinion(2), opinion(1, "repeat", label=None, outcome="unsure", note=None), opinion(2, confidence=None)]
    for one in said:
        filled.opinions.append("babies", one)
        assert filled.opinions.of("babies")[-1] == one, "also right after each one"
    assert filled.opinions.of("babies") == said
    assert filled.opinions.of("babies", purpose="repeat") == said[1:2]
    assert filled.opinions.of("babies", texts=[make_text(2).id]) == [said[0], said[2]]
    assert filled.opinions.of("babies", purpose="check") == filled.opinions.of("nothing") == []
    assert (filled.opinions.spent("babies"), filled.opinions.spent("nothing")) == (1.5, 0.0)


def test_opinions_that_another_process_stored_are_seen(filled: Database, database_url: str) -> None:
    filled.opinions.append("babies", opinion(1))
    assert len(filled.opinions.of("babies")) == 1
    other = open_database(database_url)
    other.opinions.append("babies", opinion(2))
    assert other.opinions.of("babies") == filled.opinions.of("babies") == [opinion(1), opinion(2)]
    other.close()


def test_a_deleted_task_takes_its_opinions_leases_and_settings_along(filled: Database) -> None:
    filled.tasks.save(dataclasses.replace(TASK, name="others"))
    for name in ("babies", "others"):
        filled.opinions.append(name, opinion(1))
        filled.leases.take(name, "ada", {make_text(1).id: 1}, size=1, now=NOW, until=LATER)
        filled.tasks.set_desk(name, DeskSettings(overlap=2))
    assert filled.opinions.of("babies")
    filled.tasks.delete("babies")
    assert filled.opinions.of("babies") == []
    assert filled.leases.held("babies", now=NOW) == []
    filled.tasks.save(TASK)
    assert filled.tasks.desk("babies") == DeskSettings()
    again = opinion(3)
    filled.opinions.append("babies", again)
    assert filled.opinions.of("babies") == [again], "nothing of the old task comes back"
    assert (len(filled.opinions.of("others")), len(filled.leases.held("others", now=NOW))) == (1, 1)


def test_the_desk_s_settings_are_kept_with_the_task(filled: Database) -> None:
    assert filled.tasks.desk("babies") == DeskSettings()
    set_now = DeskSettings(overlap=3, suggestions=True, blind_share=0.5, known_share=0.1, lease_seconds=30.0)
    filled.tasks.set_desk("babies", set_now)
    filled.tasks.save(dataclasses.replace(TASK, description="Another one."))
    assert filled.tasks.desk("babies") == set_now
    with pytest.raises(UnknownName, match="no task 'x'"):
        filled.tasks.desk("x")
    with pytest.raises(UnknownName, match="no task 'x'"):
        filled.tasks.set_desk("x", set_now)


def test_a_text_is_with_as_many_people_as_it_has_places(filled: Database) -> None:
    leases = filled.leases
    a, b, c = ids(1, 2, 3)

    def take(person: str, places: dict[str, int], size: int = 9) -> list[str]:
        return [str(i) for i in leases.take("babies", person, places, size=size, now=NOW, until=LATER)]  # type: ignore[arg-type] # ids

    assert take("ada", {a: 1, b: 2, c: 1}, size=2) == [a, b]
    assert take("bob", {a: 1, b: 2, c: 1}) == [b, c]
    assert take("eve", {a: 1, b: 2, c: 1}) == []
    assert take("ada", {c: 1, b: 2, a: 1}, size=2) == [b, a], "what she holds comes first"
    assert sorted((one.text_id, one.person) for one in leases.held("babies", now=NOW)) == [
        (a, "ada"),
        (b, "ada"),
        (b, "bob"),
        (c, "bob"),
    ]
    leases.release("babies", "bob", [make_text(2).id])
    assert take("eve", {b: 2}) == [b]
    leases.release("babies", "ada")
    assert {one.person for one in leases.held("babies", now=NOW)} == {"bob", "eve"}


def test_a_lease_ends_and_is_renewed_when_it_is_taken_again(filled: Database) -> None:
    (a,) = ids(1)
    leases = filled.leases
    place = {make_text(1).id: 1}
    leases.take("babies", "ada", place, size=1, now=NOW, until=LATER)
    assert leases.held("babies", now=NOW) == [Lease(text_id=make_text(1).id, person="ada", until=LATER)]
    renewed = LATER + timedelta(seconds=9)
    leases.take("babies", "ada", place, size=1, now=NOW, until=renewed)
    assert leases.take("babies", "bob", place, size=1, now=LATER, until=renewed) == []
    assert leases.held("babies", now=renewed) == []
    assert leases.take("babies", "bob", place, size=1, now=renewed, until=renewed + timedelta(seconds=1)) == [a]


def test_people_who_take_at_the_same_time_get_no_place_twice(filled: Database) -> None:
    places = {make_text(number).id: 2 for number in range(20)}

    def take(person: str) -> list[str]:
        taken = filled.leases.take("babies", person, places, size=10, now=NOW, until=LATER)
        return [str(one) for one in taken]

    with ThreadPoolExecutor(6) as threads:
        given = list(threads.map(take, [f"person {n}" for n in range(6)]))
    assert max(Counter(one for each in given for one in each).values()) == 2
    assert sum(map(len, given)) == 40, "every place went to somebody"


def test_the_places_of_texts_in_their_pool(filled: Database) -> None:
    filled.pools.begin_import("receipts", "f", "file")
    filled.pools.add_rows("receipts", "f", [make_text(5), make_text(3)], [], rows_done=2)
    assert filled.pools.places("receipts", [make_text(3).id, make_text(9).id, make_text(5).id]) == {
        make_text(3).id: 1,
        make_text(5).id: 0,
    }

"""The databases that the tests are given: real, fresh, and gone when asked to be."""

import socket
import time

import pytest
import sqlalchemy as sa

DRIVERS = {"sqlite": "sqlite", "mariadb": "mariadb+pymysql", "postgresql": "postgresql+psycopg"}

NOTES = sa.Table("notes", sa.MetaData(), sa.Column("words", sa.String(40)))


@pytest.fixture
def engine():
    """The function that makes an engine of a URL as users write it."""
    made = []

    def make(url, **options):
        url = sa.make_url(url)
        made.append(sa.create_engine(url.set(drivername=DRIVERS[url.drivername]), **options))
        return made[-1]

    yield make
    for each in made:
        each.dispose()


@pytest.fixture
def notes():
    """The function that reads what was stored through an engine."""

    def read(through):
        with through.connect() as connection:
            return list(connection.scalars(sa.select(NOTES.c.words)))

    return read


@pytest.fixture
def store():
    """The function that stores something through an engine."""

    def write(through, words):
        with through.begin() as connection:
            NOTES.create(connection, checkfirst=True)
            connection.execute(NOTES.insert(), {"words": words})

    return write


@pytest.mark.parametrize("run", ["first", "second"])
def test_each_database_answers_and_is_empty(database_url, engine, store, notes, run):
    through = engine(database_url)
    assert sa.inspect(through).get_table_names() == []
    store(through, run)
    assert notes(through) == [run]


def test_two_databases_of_a_server_are_not_one(database_server, engine, store):
    with database_server.database() as one, database_server.database() as other:
        assert one != other
        store(engine(one), "here")
        assert sa.inspect(engine(other)).get_table_names() == []


def test_a_database_is_dropped_though_somebody_is_connected(database_server, engine):
    with database_server.database() as url:
        connection = engine(url).connect()
    with connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("CREATE TABLE late (number INTEGER)"))
    with pytest.raises(sa.exc.OperationalError):
        engine(url).connect()


def test_what_is_stored_outlives_a_stop_that_cuts_all_connections(
    database_server, engine, store, notes
):
    with database_server.database() as url:
        through = engine(url)
        store(through, "kept")
        connection = through.connect()
        database_server.stop()
        with connection, pytest.raises(sa.exc.OperationalError):
            connection.execute(sa.text("SELECT 1"))
        with pytest.raises(sa.exc.OperationalError):
            engine(url).connect()
        database_server.start()
        assert notes(engine(url)) == ["kept"]


def test_a_server_left_stopped_is_started_for_the_next_database(database_server, engine, store):
    with database_server.database() as url:
        database_server.stop()
        database_server.stop()
    with database_server.database() as url:
        store(engine(url), "back")


def test_a_wrong_password_is_refused(database_server, engine):
    with database_server.database() as url, pytest.raises(sa.exc.OperationalError):
        engine(url.replace("pass", "guess")).connect()


def test_a_server_is_back_long_before_a_test_runs_out_of_time(database_server):
    database_server.stop()
    start_s = time.monotonic()
    database_server.start()
    assert time.monotonic() - start_s < 10


def test_a_server_that_cannot_start_says_why(database_server):
    database_server.stop()
    why = rf"(?s){database_server.package} did not start:\n.*Address already in use"
    with (
        socket.create_server(("127.0.0.1", database_server.port)),
        pytest.raises(AssertionError, match=why),
    ):
        database_server.start()
    database_server.start()

import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import psycopg
import pytest

from earnings_pipeline import embedded


@pytest.fixture
def own_server():
    folder = Path(tempfile.mkdtemp(prefix="earnings test "))
    folder.chmod(0o711)
    server = embedded.Server(state=folder / "state")
    yield server
    server.remove()
    shutil.rmtree(folder)


def value(target, query):
    with psycopg.connect(target.conninfo, autocommit=True) as conn:
        return conn.execute(query).fetchone()[0]


def test_a_server_starts_serves_and_stops(own_server):
    target = own_server.start()

    assert own_server.is_running()
    assert value(target, "select current_database()") == "marketplace"
    assert own_server.start() == target  # starting it twice changes nothing
    assert own_server.stop()
    assert not own_server.is_running()
    assert not own_server.stop()


def test_it_has_checksums_a_builtin_locale_and_no_way_in_without_the_password(own_server):
    target = own_server.start()

    assert value(target, "show data_checksums") == "on"
    provider = (
        "select datlocprovider::text || datlocale from pg_database where datname = 'postgres'"
    )
    assert value(target, provider) == "bC.UTF-8"
    password = own_server.state / "password"
    assert password.stat().st_mode & 0o777 == 0o600
    parameters = {**target.parameters, "password": "wrong"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**parameters)


def test_it_listens_on_this_machine_only(own_server):
    target = own_server.start()

    assert value(target, "show listen_addresses") == "127.0.0.1"
    assert value(target, "show unix_socket_directories") == ""


def test_what_was_committed_survives_a_kill_of_the_server(own_server):
    target = own_server.start()
    with psycopg.connect(target.conninfo, autocommit=True) as conn:
        conn.execute("create table kept (id int)")
    os.kill(own_server.pid(), signal.SIGKILL)

    target = own_server.start()

    assert value(target, "select count(*) from kept") == 0


def test_a_process_number_that_another_program_took_over_does_not_stop_it(own_server):
    own_server.start()
    os.kill(own_server.pid(), signal.SIGKILL)
    pid_file = own_server.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    assert own_server.start()


def test_a_half_made_data_directory_is_made_again(own_server):
    unfinished = own_server.state / "postgres-18.new"
    own_server.state.mkdir()
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    own_server.start()

    assert not unfinished.exists()


def test_another_port_is_taken_when_the_last_one_is_in_use(own_server):
    first = own_server.start()
    own_server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(first.port)))
        other.listen()

        second = own_server.start()

        assert second.port != first.port
        assert value(second, "select 1") == 1


def test_the_port_stays_the_same_over_restarts(own_server):
    first = own_server.start()
    own_server.stop()

    assert own_server.start().port == first.port


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_root_shelters_a_server_that_its_account_cannot_reach(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = embedded.Server(state=closed / "state", is_throw_away=True)
    try:
        target = server.start()

        assert not server.data.is_relative_to(closed)
        assert value(target, "select 1") == 1
    finally:
        server.remove()
    assert not server.data.exists()

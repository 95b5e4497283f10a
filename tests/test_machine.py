"""The machine's fingerprint holds what seconds depend on, and nothing else."""

import os
import subprocess
from types import SimpleNamespace

import pytest
from ninetynine import machine
from ninetynine.machine import available_cores, commit_of, describe
from record_builders import PACKAGES, make_identity


def test_the_cores_are_those_this_process_may_use():
    cores = available_cores()
    assert cores == sorted(set(cores))
    assert 0 < len(cores) <= os.cpu_count()


@pytest.mark.parametrize(
    "change",
    [
        {"threads": 2},
        {"precision": "mixed_bfloat16"},
        {"backend": "jax"},
        {"packages": {**PACKAGES, "tensorflow": "2.22.0"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_seconds_depend_on_changes_the_fingerprint(change):
    one, other = describe(make_identity(), [0]), describe(make_identity(**change), [0])
    assert one.fingerprint != other.fingerprint


def test_another_number_of_cores_is_another_machine_and_other_cores_are_not():
    identity = make_identity()
    first, second, both = (describe(identity, cores) for cores in ([0], [1], [0, 1]))
    assert first.fingerprint == second.fingerprint != both.fingerprint
    assert second.cores_used == [1]


def test_what_is_trained_does_not_change_the_machine():
    one = describe(make_identity("net", seed=0), [0])
    other = describe(make_identity("other", seed=5, dataset="digits", source_hash="9" * 64), [0])
    assert one == other


def test_another_processor_is_another_machine(monkeypatch):
    one = describe(make_identity(), [0])
    monkeypatch.setattr(machine, "cpu", lambda: ("Other CPU", "0" * 16))
    other = describe(make_identity(), [0])
    assert one.fingerprint != other.fingerprint
    assert other.cpu_model == "Other CPU"


def test_a_gpu_counts_only_where_the_cell_uses_it(monkeypatch):
    without = describe(make_identity(), [0])
    card = SimpleNamespace(name="A GPU", driver="555.1", facts=lambda: {"mig": "off"})
    monkeypatch.setattr(machine.gpu, "card", lambda: card)
    assert describe(make_identity(), [0]) == without
    used = describe(make_identity(device="gpu"), [0])
    assert (used.gpu, used.gpu_driver) == ("A GPU", "555.1")


def test_facts_of_this_machine_are_plausible():
    found = describe(make_identity(), [0])
    assert found.memory_bytes > 2**28
    assert found.cpu_model
    assert found.python.startswith("3.")


# Control groups ----------------------------------------------------------------------------------


def write_files(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def limits(tmp_path, groups):
    (tmp_path / "own").write_text(groups)
    place = tmp_path / "groups", tmp_path / "own"
    return machine.cpu_quota(*place), machine.thread_limit(*place)


def test_the_least_quota_around_us_counts(tmp_path):
    write_files(tmp_path / "groups", cpu__max="max 100000", pids__max="max")
    write_files(tmp_path / "groups/job", cpu__max="150000 100000", pids__max="512")
    write_files(tmp_path / "groups/job/step", cpu__max="400000 100000", pids__max="1024")
    assert limits(tmp_path, "0::/job/step\n") == (1.5, 512)
    assert limits(tmp_path, "0::/\n") == (None, None)


@pytest.mark.parametrize("mounted", ["cpu", "cpu,cpuacct"])
def test_version_1_has_its_quota_in_two_files(tmp_path, mounted):
    folder = tmp_path / "groups" / mounted / "job"
    write_files(folder, cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    write_files(folder.parent, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    write_files(tmp_path / "groups/pids", pids__max="99")
    groups = f"4:{mounted}:/job\n3:pids:/elsewhere/in/the/host\n0::/\n"
    assert limits(tmp_path, groups) == (0.5, 99)


@pytest.mark.parametrize("content", ["", "0 0", "max", "-1 5", "one two", "\x00"])
def test_what_is_no_quota_limits_nothing(tmp_path, content):
    write_files(tmp_path / "groups", cpu__max=content, pids__max=content)
    assert limits(tmp_path, "0::/\nnonsense\n") == (None, None)


def test_seconds_under_a_quota_compare_with_no_others(monkeypatch):
    free = describe(make_identity(), [0])
    monkeypatch.setattr(machine, "cpu_quota", lambda: 0.5)
    monkeypatch.setattr(machine, "thread_limit", lambda: 64)
    limited = describe(make_identity(), [0])
    assert (limited.cpu_quota, limited.thread_limit) == (0.5, 64)
    assert limited.fingerprint != free.fingerprint
    monkeypatch.setattr(machine, "cpu_quota", lambda: 1000.0)
    assert describe(make_identity(), [0]).fingerprint == free.fingerprint


# The commit --------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    """A git repository with this package where a clone has it."""
    folder = tmp_path / "repository"
    for name in ("bench/ninetynine", "architectures", "results"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("x = 1\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def git(folder, *arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_and_that_the_code_is_clean(repository):
    (repository / "results" / "__init__.py").write_text("a run writes here\n")
    assert commit_of(repository) == (git(repository, "rev-parse", "HEAD"), False)


@pytest.mark.parametrize("file", ["bench/ninetynine/__init__.py", "architectures/new.py"])
def test_changed_or_new_code_is_dirty(repository, file):
    (repository / file).write_text("x = 2\n")
    assert commit_of(repository)[1] is True


def test_no_repository_has_no_commit(tmp_path):
    assert commit_of(tmp_path) == (None, None)


def test_an_installed_package_inside_somebodys_repository_has_no_commit(repository):
    installed = repository / "venv" / "site-packages"
    (installed / "ninetynine").mkdir(parents=True)
    (installed / "ninetynine" / "__init__.py").touch()
    assert commit_of(installed) == (None, None)


def test_no_git_has_no_commit(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(repository) == (None, None)

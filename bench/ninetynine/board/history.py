"""What a row's accuracy was over its versions: commits, code, recipes, packages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ninetynine.board.row import Row
from ninetynine.board.run import RowIdentity
from ninetynine.grouping import grouped
from ninetynine.statistics import Interval


@dataclass(frozen=True)
class Level:
    """What the runs of a version came to: shares of 1, over ``seeds`` runs."""

    accuracy: float
    interval: Interval | None  # 95%, of the mean on these test images
    seeds: int


@dataclass(frozen=True)
class Change:
    """A deliberate change of a baseline: why, and what the architectures came to afterwards."""

    at: str  # ISO 8601, UTC
    reason: str
    commit: str | None
    dataset_fingerprint: str | None  # None where nobody knows
    levels: Mapping[str, Level | None]  # by architecture; None where it is not kept


@dataclass(frozen=True)
class Version:
    """A point of a history; ``changed`` says what is new since the point before."""

    at: str  # when its first run started, or the baseline was changed; ISO 8601, UTC
    commit: str | None
    level: Level
    changed: tuple[str, ...] = ()  # of "code", "recipe", "packages"
    reason: str = ""  # of a baseline's change
    identity: RowIdentity | None = None  # None where the runs are gone


@dataclass(frozen=True)
class History:
    """The versions of one model, the oldest first; there are two or more."""

    name: str
    versions: tuple[Version, ...]


def histories(rows: Iterable[Row], changes: Sequence[Change] = ()) -> list[History]:
    """Return the histories of the models that were trained in two versions or more.

    A version is a commit of one code, recipe and set of packages; commits of the same code alone,
    such as those of further seeds, are no history.  ``changes`` are those of a baseline, whose
    earlier runs are gone.
    """
    models: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        own = row.identity
        if own.kind == "trained" and row.runs:
            alike = (own.precision, own.backend, own.device, own.at_once, own.arguments_json)
            models.setdefault((own.architecture, *alike), []).append(row)
    found = []
    for (name, *_), members in models.items():
        versions = _versions(members)
        updates = [change for change in changes if name in change.levels]
        versions = _with_changes(str(name), members[0], versions, updates)
        is_new = len({version.identity for version in versions}) > 1 or len(updates) > 1
        if is_new and len(versions) > 1:
            known = [row.name for row in members]
            found.append(History(known[0] if len(known) == 1 else str(name), tuple(versions)))
    return found


def _versions(rows: Sequence[Row]) -> list[Version]:
    """Return a version for each commit of each row, with what changed from one to the next."""
    found = []
    for row in rows:
        for commit, runs in grouped((r.record.context.commit, r) for r in row.runs).items():
            own = Row.of(row.name, row.identity, row.key, runs)
            at = min(run.record.context.started_at for run in runs)
            assert own.accuracy is not None
            level = Level(own.accuracy.mean, own.ci_seeds, own.accuracy.n)
            found.append(Version(at, commit, level, identity=row.identity))
    found.sort(key=lambda version: (version.at, version.commit or ""))
    return _compared(found)


def _compared(versions: Sequence[Version]) -> list[Version]:
    """Return ``versions``, each with what is new since the one before."""
    found = list(versions[:1])
    for before, after in pairwise(versions):
        one, other = before.identity, after.identity
        if one is None or other is None:
            found.append(after)
            continue
        code = (one.source_hash, one.inputs_json) != (other.source_hash, other.inputs_json)
        different = {
            "code": code,
            "recipe": one.recipe_json != other.recipe_json,
            "packages": one.packages != other.packages,
        }
        found.append(replace(after, changed=tuple(k for k, is_new in different.items() if is_new)))
    return found


def _with_changes(
    name: str, row: Row, versions: Sequence[Version], changes: Sequence[Change]
) -> list[Version]:
    """Return ``versions`` after those of a baseline whose runs are gone.

    The last change made what is there now; it says why.
    """
    if not changes:
        return list(versions)
    gone = []
    for change in changes[:-1]:
        level = change.levels[name]
        same_data = change.dataset_fingerprint in (None, row.key.fingerprint)
        if level is not None and same_data:
            gone.append(Version(change.at, change.commit, level, reason=change.reason))
    now = [replace(version, reason=changes[-1].reason) for version in versions]
    return [*gone, *now]

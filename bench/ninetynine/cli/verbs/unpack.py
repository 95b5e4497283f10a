"""Take the records out of a pack, each to files of its own."""

from pathlib import Path

import click

from ninetynine.cli import options
from ninetynine.cli.verbs.merge import command as merge
from ninetynine.errors import UserError
from ninetynine.records.pack import SUFFIX


@click.command("unpack")
@click.argument("pack", type=options.FILE)
@options.into
@options.as_json
@options.verbose
@click.pass_context
def command(context: click.Context, pack: Path, into: Path, as_json: bool) -> int:
    """Write the records of PACK to DIR/records, as bench run writes them.

    It is bench merge of a pack: a record that is there already stays, and one that contradicts it
    is kept apart.  Probabilities are those of the pack.
    """
    if pack.suffix != SUFFIX:
        raise UserError(f"{pack}: a pack's name ends in {SUFFIX}")
    code: int = context.invoke(merge, folders=(pack,), into=into, as_json=as_json)
    return code

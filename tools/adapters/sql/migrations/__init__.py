"""The history of the tables, run through Alembic as a library: there is no `alembic.ini`."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tools.engine.errors import CannotDo


def config() -> Config:
    """Alembic's settings, with the scripts found beside this module."""
    made = Config()
    made.set_main_option("script_location", f"{__name__.rpartition('.')[0]}:migrations")
    made.set_main_option("path_separator", "os")
    return made


def migrate(connection: Connection, *, found: str | None) -> None:
    """Bring the tables from the migration `found` to the newest one, inside the caller's transaction.

    Raises CannotDo when `found` is none of this version's migrations.
    """
    settings = config()
    known = [script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()]
    if found is not None and found not in known:
        raise CannotDo(
            f"This database was written by a newer version of LAUD (its tables are at {found}, this version knows them "
            f"up to {known[0]}). Update LAUD, or use another workspace or database."
        )
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")

"""The tenant's file profile, `ENGAGE_FILE_PROFILE`."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from engage_portal.engage.xml import BadNamesError, FileType, TenantProfile, profile_from
from engage_portal.fallback.dropbox import DropboxError, Trouble, Where


def profile() -> TenantProfile:
    """What files look like and where they lie; a file that was changed is read again. Raises BadNamesError."""
    if not settings.ENGAGE_FILE_PROFILE:
        return _profile(None, 0)
    path = Path(settings.ENGAGE_FILE_PROFILE)
    try:
        return _profile(path, path.stat().st_mtime_ns)
    except OSError:
        raise BadNamesError("cannot be read") from None


def goes_by_file(file_type: FileType) -> bool:
    """Whether the tenant takes files of this type, and has said in which folder."""
    part = profile().of(file_type)
    return part.is_enabled and part.folder is not None


def folder_of(file_type: FileType) -> str:
    """Engage's folder for a type of file. Raises DropboxError where the profile names none."""
    found = profile().of(file_type).folder
    if found is None:
        raise DropboxError(Trouble.UNNAMED_FOLDER, Where(file_type.value))
    return found


@lru_cache(maxsize=2)
def _profile(path: Path | None, changed_at: int) -> TenantProfile:
    del changed_at
    return profile_from(path)

"""The tenant's file profile, for whoever reads exports."""

from contacts.importing.naming import ImportRefusedError
from engage_portal.engage.xml import BadNamesError, TenantProfile
from engage_portal.fallback.profile import profile


def current_profile() -> TenantProfile:
    """As `ENGAGE_FILE_PROFILE` has it. Raises ImportRefusedError where that cannot be told."""
    try:
        return profile()
    except BadNamesError as error:
        raise ImportRefusedError(f"The file that ENGAGE_FILE_PROFILE names {error}.") from None

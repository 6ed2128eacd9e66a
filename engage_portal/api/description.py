"""Last touches to the OpenAPI description."""

import re
from typing import Any

_PARAMETER = re.compile(r"\{(\w+)\}")


def engage_words_in_paths(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Path parameters under Engage's names: `{contactId}`, not our `{contact_id}`."""
    result["paths"] = {
        _PARAMETER.sub(lambda found: f"{{{_camel(found[1])}}}", path): _renamed(operations)
        for path, operations in result["paths"].items()
    }
    return result


def _renamed(operations: dict[str, Any]) -> dict[str, Any]:
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter["name"] = _camel(parameter["name"])
    return operations


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)

"""`manage.py api_key create|revoke|list`: the keys of tills and shops."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engage_portal.api.keys import KeyNameTakenError, key_create, key_revoke
from engage_portal.api.models import ApiKey


class Command(BaseCommand):
    """Prints a new key once, alone on its line, so that it can be piped."""

    help = "Creates, lists and revokes the API keys of tills and shops."

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command each."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
        create = actions.add_parser("create", help="make a key and print it; it cannot be shown again")
        create.add_argument("--name", required=True, help="who uses it, such as till-101-1")
        create.add_argument("--store", default="", help="externalId of its store; without: every store")
        create.add_argument(
            "--may-delete-contacts",
            action="store_true",
            help="may call DELETE contacts, which cannot be undone",
        )
        actions.add_parser("list", help="names, stores and last use")
        revoke = actions.add_parser("revoke", help="make a key useless at once")
        revoke.add_argument("--name", required=True)

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        """Do what was asked for."""
        if action == "create":
            self._create(options["name"].strip(), options["store"].strip(), options["may_delete_contacts"])
        elif action == "revoke":
            self._revoke(options["name"])
        else:
            self._list()

    def _create(self, name: str, store: str, may_delete_contacts: bool) -> None:  # noqa: FBT001 - a flag
        try:
            key = key_create(name=name, store=store, may_delete_contacts=may_delete_contacts)
            self.stdout.write(key)
        except KeyNameTakenError:
            raise CommandError(f"There is a key named {name} already; choose another name.") from None
        except ValueError as refused:
            raise CommandError(str(refused)) from None

    def _revoke(self, name: str) -> None:
        if not key_revoke(name=name.strip()):
            raise CommandError(f"There is no working key named {name}.")
        self.stdout.write(f"The key {name} is revoked.")

    def _list(self) -> None:
        keys = ApiKey.objects.order_by("name")
        for key in keys:
            state = "revoked" if key.revoked_at else "in use"
            used = f"{key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never"
            more = "\tmay delete contacts" if key.may_delete_contacts else ""
            self.stdout.write(f"{key.name}\tstore {key.store or '(all)'}\t{state}\tlast used {used}{more}")
        if not keys:
            self.stdout.write(
                "There are no keys yet. Make one with: manage.py api_key create --name till-101-1"
            )

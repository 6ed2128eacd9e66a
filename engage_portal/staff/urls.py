"""The staff screens."""

from django.urls import path

from engage_portal.staff.views import (
    acts,
    board,
    clashes,
    contact_acts,
    contacts,
    days,
    imports,
    owners,
    pauses,
    queue,
    trust,
)

app_name = "staff"
urlpatterns = [
    path("", board.dashboard, name="dashboard"),
    path("queue/", queue.queue, name="queue"),
    path("queue/live/", queue.queue_live, name="queue_live"),
    path("queue/retry/", acts.retry, name="retry"),
    path("queue/cancel/", acts.cancel, name="cancel"),
    path("queue/<int:pk>/", queue.item, name="item"),
    path("queue/<int:pk>/owner/", owners.owner, name="owner"),
    path("contacts/", contacts.search, name="contacts"),
    path("contacts/imports/", imports.overview, name="imports"),
    path("contacts/imports/upload/", imports.upload, name="upload"),
    path("contacts/imports/<uuid:pk>/again/", imports.again, name="import_again"),
    path("contacts/imports/<uuid:pk>/skip/", imports.skip, name="import_skip"),
    path("contacts/<uuid:pk>/", contacts.contact, name="contact"),
    path("contacts/<uuid:pk>/refresh/", contacts.refresh, name="contact_refresh"),
    path("contacts/<uuid:pk>/correct/", contact_acts.correct, name="contact_correct"),
    path("contacts/<uuid:pk>/link/", contact_acts.link, name="contact_link"),
    path("contacts/<uuid:pk>/delete/", contact_acts.delete, name="contact_delete"),
    path("clashes/", clashes.clashes, name="clashes"),
    path("clashes/<int:pk>/settle/", clashes.settle, name="settle_clash"),
    path("days/", days.days, name="days"),
    path("trust/", trust.overview, name="trust"),
    path("trust/rules/new/", trust.rule, name="trust_rule_new"),
    path("trust/rules/<int:pk>/", trust.rule, name="trust_rule"),
    path("trust/rules/<int:pk>/delete/", trust.delete, name="trust_rule_delete"),
    path("pauses/", pauses.overview, name="pauses"),
    path("pauses/start/", pauses.start, name="pause"),
    path("pauses/<int:pk>/end/", pauses.end, name="resume"),
]

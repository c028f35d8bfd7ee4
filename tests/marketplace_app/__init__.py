"""The marketplace as a real Django client: its models, and what it does with them.

`App(target, form)` is the app on one database.  `form` is `before` (the plan), `after`, or
`contracted` (after contract has dropped the old columns); all three can be open at once, also on
one database.  An App may be used from several threads; each has a connection of its own, which
`close()`, or leaving `with App(…) as app`, closes.  Ids go in and out as numbers.

What it holds        insert, get, objects, save, update, delete: by table, through the models.
                     `get` and `objects` read objects, which may be saved when they have become
                     stale: `save(row, status=…)` writes all columns the form maps, `save(row,
                     update_fields=[…])` these only; `update` is queryset.update(), `delete` the
                     collector.  A save of an order validates its whole row (ValidationError).
                     `atomic()` is a transaction, `models` are the form's, `alias` its database
What the base holds  row, rows, execute: every column, mapped or not, JSON decoded.
                     earnings(booking) is [(status, gross, net)], cached(practitioner) the cached
                     balance, order_of(booking), sessions(order), children(booking)
People and services  practitioner, client, service, package, contain, service_type, commission,
                     subscribe
Sale                 checkout(client, service, start=, credits_cents=, run_earnings_task=,
                     earnings_inside=) returns the booking: of a package the parent in the form
                     before, the first session after; earnings_task (late, or twice: what it
                     swallowed is in `swallowed`); book and create_booking without a sale
Delivery             schedule, mark_completed (with an object, fresh or stale), end_video_room,
                     transition_to, complete_ended (the completion task)
Undoing              cancel (`canceled` or `cancelled`), refund (of a booking), refund_order (its
                     status), credit_order (a credit row without a booking), reschedule,
                     reverse_earnings (never finds a row), reverse_earnings_as_meant
Money                held_earnings, release, release_due, pay_out, complete_payout, fail_payout,
                     cancel_payout, refresh_cache
Its data migrations  link_order (of a booking), describe_package (of a legacy purchase),
                     return_earnings: each does one row

Errors are Django's: what the engine refuses is an IntegrityError; `with refused("23X01"):` asks
for one of that SQLSTATE.
"""

from marketplace_app.app import App
from marketplace_app.client import now, refused
from marketplace_app.tables import HOLD

__all__ = ["HOLD", "App", "now", "refused"]

"""One marketplace all its life: sold without the engine, migrated, upgraded, contracted."""

from __future__ import annotations

from earnings_pipeline import migration
from earnings_pipeline.database import connect
from earnings_pipeline.progress import silent
from earnings_pipeline.target import Target
from flows.support import deliver_long_ago, purse
from marketplace_app import App, now


def test_what_was_sold_without_the_engine_is_paid_right_by_every_later_form(
    marketplace: Target,
) -> None:
    with (
        connect(marketplace, "test") as conn,
        App(marketplace, "before") as before,
        App(marketplace, "after") as after,
        App(marketplace, "contracted") as contracted,
    ):
        pia = before.practitioner()
        appointment = before.checkout(before.client(), before.service(pia))
        parent = before.checkout(before.client(), before.package(before.service(pia), 4, 40003))
        sessions = [session["id"] for session in before.children(parent)]
        before.end_video_room(sessions[0])
        # Both sales wait for their money from the moment of the sale, and no session has any.
        assert before.earnings(appointment) == [("pending", 10000, 8500)]
        assert before.earnings(parent) == [("pending", 40003, 34003)]
        assert before.earnings(sessions[0]) == []

        migration.up(conn, report=silent)
        # 40003 over four: 10000, and three times 10001
        assert before.earnings(parent)[-1][0] == "reversed"
        assert purse(before, pia) == {"projected": 8500, "pending": 8500}

        before.end_video_room(sessions[1])
        after.schedule(sessions[2], now())
        after.mark_completed(after.get("bookings_booking", sessions[2]))
        assert purse(after, pia) == {"projected": 8500, "pending": 8500 + 2 * 8501}

        conn.execute(
            "update earnings_migration.steps set last_write_at = now() - interval '8 days'"
        )
        assert migration.contract(conn, app_no_longer_maps=True).refusals == ()
        deliver_long_ago(contracted, sessions[3])
        deliver_long_ago(contracted, appointment)
        contracted.release_due()
        contracted.pay_out(pia)

        order = contracted.order_of(sessions[0])
        assert [contracted.earnings(session)[0][1] for session in sessions] == [
            10000,
            10001,
            10001,
            10001,
        ]
        assert order["package_metadata"]["sessions_completed"] == 4
        assert purse(contracted, pia) == {"pending": 25502, "paid": 8500 + 8501}

-- What the data migration has to have reached, item by item, and what tells it: a query of
-- sql/checklist or sql/checks that returns the offenders, or, where a database cannot tell, a
-- command.  An item that several queries tell has a row for each.

select
    items.item_number,
    items.part,
    items.item,
    items.query,
    items.command
from (
    values
    (
        1,
        'after the models',
        'the status projected exists',
        'projected_is_a_status',
        null
    ),
    (
        2,
        'after the models',
        'earnings can be created with status projected',
        'earnings_can_be_projected',
        null
    ),
    (
        3,
        'after the models',
        'a booking''s foreign key to its order exists',
        'bookings_name_their_order',
        null
    ),
    (
        4,
        'after the models',
        'an order''s package_metadata exists',
        'orders_hold_package_metadata',
        null
    ),
    (
        5,
        'after the models',
        'all migrations are applied',
        'every_step_is_done',
        null
    ),
    (
        6,
        'after the services',
        'earnings are created as projected',
        'no_pending_before_delivery',
        null
    ),
    (
        7,
        'after the services',
        'available_after is the booking''s end and 48 hours',
        'holds_match',
        null
    ),
    (
        8,
        'after the services',
        'completing a booking finds and updates its projected earnings',
        'nothing_stays_projected_after_delivery',
        null
    ),
    (
        8,
        'after the services',
        'completing a booking finds and updates its projected earnings',
        'triggers_are_enabled',
        null
    ),
    (
        9,
        'after the services',
        'package bookings earn the order''s session value',
        'sessions_earn_their_slot',
        null
    ),
    (
        10,
        'after checkout',
        'a package purchase makes an order with metadata',
        'package_orders_say_what_was_sold',
        null
    ),
    (
        11,
        'after checkout',
        'sessions link to the order and not to a parent booking',
        'sessions_hang_on_their_order',
        null
    ),
    (
        12,
        'after checkout',
        'a package purchase earns nothing',
        'purchases_earn_nothing_unpaid',
        null
    ),
    (
        13,
        'after checkout',
        'checkout passes the order on to every booking',
        'every_new_sale_has_its_order',
        null
    ),
    (
        14,
        'after testing',
        'all unit tests pass',
        null,
        'scripts/test tests/functions'
    ),
    (
        15,
        'after testing',
        'integration tests pass',
        null,
        'scripts/test tests/flows'
    ),
    (
        16,
        'after testing',
        'the end-to-end scenarios are verified',
        null,
        'scripts/test tests/flows/test_end_to_end.py'
    ),
    (
        17,
        'after the data migration',
        'all existing bookings have their order',
        'every_old_booking_has_its_order',
        null
    ),
    (
        18,
        'after the data migration',
        'parent bookings are migrated to the order''s metadata',
        'purchases_are_described_by_their_order',
        null
    ),
    (
        19,
        'after the data migration',
        'existing earnings are fixed, projected or pending',
        'no_pending_before_delivery',
        null
    ),
    (
        19,
        'after the data migration',
        'existing earnings are fixed, projected or pending',
        'nothing_stays_projected_after_delivery',
        null
    ),
    (
        20,
        'after the data migration',
        'no data is orphaned',
        'no_data_is_orphaned',
        null
    ),
    (
        21,
        'after the cleanup',
        'once contract is done, the deprecated columns are gone',
        'contracted_columns_are_gone',
        null
    ),
    (
        22,
        'after the cleanup',
        'no code refers to the old columns',
        null,
        'git grep -nE ''parent_booking|is_(package|bundle)_purchase|payment_transaction'' in the app''s repository'
    ),
    (
        23,
        'after the cleanup',
        'the system was stable for a week or more',
        null,
        'scripts/earnings migrate contract'
    ),
    (
        24,
        'new bookings work',
        'direct bookings: earnings begin as projected and become pending on completion',
        'no_pending_before_delivery',
        null
    ),
    (
        24,
        'new bookings work',
        'direct bookings: earnings begin as projected and become pending on completion',
        'nothing_stays_projected_after_delivery',
        null
    ),
    (
        24,
        'new bookings work',
        'direct bookings: earnings begin as projected and become pending on completion',
        'every_delivered_booking_earns',
        null
    ),
    (
        25,
        'new bookings work',
        'packages: no earnings at once, but for each completed session',
        'purchases_earn_nothing_unpaid',
        null
    ),
    (
        25,
        'new bookings work',
        'packages: no earnings at once, but for each completed session',
        'slots_belong_to_delivered_sessions',
        null
    ),
    (
        25,
        'new bookings work',
        'packages: no earnings at once, but for each completed session',
        'delivered_sessions_take_the_free_slots',
        null
    ),
    (
        26,
        'new bookings work',
        'all new bookings link to their order',
        'every_new_sale_has_its_order',
        null
    ),
    (
        27,
        'existing bookings are migrated',
        'all have their order',
        'every_old_booking_has_its_order',
        null
    ),
    (
        28,
        'existing bookings are migrated',
        'parent bookings are converted to the order''s metadata',
        'purchases_are_described_by_their_order',
        null
    ),
    (
        29,
        'existing bookings are migrated',
        'the status of earnings is corrected',
        'every_status_is_known',
        null
    ),
    (
        29,
        'existing bookings are migrated',
        'the status of earnings is corrected',
        'canceled_bookings_earn_nothing_unpaid',
        null
    ),
    (
        29,
        'existing bookings are migrated',
        'the status of earnings is corrected',
        'one_live_delivery_row_per_booking',
        null
    ),
    (
        30,
        'the lifecycle of earnings works',
        'projected, pending, available, paid: in this order',
        'no_illegal_pair_in_the_history',
        null
    ),
    (
        30,
        'the lifecycle of earnings works',
        'projected, pending, available, paid: in this order',
        'only_paid_earnings_have_a_payout',
        null
    ),
    (
        31,
        'the lifecycle of earnings works',
        'the hold runs from the completion and not from the booking',
        'holds_begin_at_the_delivery',
        null
    ),
    (
        32,
        'package earnings work',
        'the sessions of a package together earn its price',
        'slots_are_worth_the_price',
        null
    ),
    (
        32,
        'package earnings work',
        'the sessions of a package together earn its price',
        'sessions_earn_their_slot',
        null
    ),
    (
        33,
        'package earnings work',
        'commission is calculated per session',
        'sessions_pay_their_own_commission',
        null
    ),
    (
        34,
        'package earnings work',
        'progress is tracked in the order''s package_metadata',
        'session_counts_are_facts',
        null
    ),
    (
        35,
        'no data is lost',
        'all bookings are accounted for',
        'every_old_booking_is_there',
        null
    ),
    (
        36,
        'no data is lost',
        'all orders are preserved',
        'every_old_order_is_there',
        null
    ),
    (
        37,
        'no data is lost',
        'all earnings are tracked',
        'every_old_earnings_row_is_tracked',
        null
    ),
    (
        37,
        'no data is lost',
        'all earnings are tracked',
        'history_sums_to_the_tables',
        null
    ),
    (
        37,
        'no data is lost',
        'all earnings are tracked',
        'practitioner_balances_add_up',
        null
    ),
    (
        38,
        'the way back',
        'the migration can be undone',
        'every_change_can_be_undone',
        null
    ),
    (
        39,
        'the way back',
        'a backup can be restored',
        null,
        'pg_restore --list before.dump'
    )
) as items (item_number, part, item, query, command)

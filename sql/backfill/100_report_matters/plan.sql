-- One row per matter that the migration leaves as it is and a person should see (R18, R24).

with

appointments as (

    select
        bookings.id,
        bookings.practitioner_id,
        bookings.status,
        bookings.payment_status,
        bookings.start_time,
        bookings.completed_at,
        bookings.canceled_at,
        bookings.is_deleted,
        earnings.appointment_end(bookings.service_id, bookings.service_session_id, bookings.end_time) as ends_at
    from bookings_booking as bookings
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and not (bookings.is_package_purchase or bookings.is_bundle_purchase)

),

live_earnings as (

    select
        entries.id,
        entries.booking_id,
        entries.practitioner_id,
        entries.currency,
        entries.net_amount_cents,
        entries.status,
        entries.updated_at,
        appointments.status as booking_status,
        appointments.completed_at,
        appointments.is_deleted
    from appointments
    inner join payments_earningstransaction as entries on appointments.id = entries.booking_id
    where entries.status <> 'reversed'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')

),

refunded as (

    select bookings.id
    from bookings_booking as bookings
    left join payments_order as orders on bookings.order_id = orders.id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.status <> 'canceled'
        and (
            orders.status = 'refunded'
            or bookings.rescheduled_from_id is not null
            or exists (
                select
                from payments_usercredittransaction as own
                where own.booking_id = bookings.id and own.transaction_type = 'refund'
            )
            or exists (
                select
                from payments_usercredittransaction as whole
                where whole.order_id = bookings.order_id
                    and whole.transaction_type = 'refund'
                    and whole.booking_id is null
            )
        )

),

-- What the engine takes off when such a booking or its credit row is written next.
unsettled_refunds as (

    select
        shares.*,
        entries.practitioner_id,
        entries.currency,
        shares.recorded_net_cents
        - shares.remaining_gross_cents
        + earnings.commission_cents(entries.commission_rate, shares.remaining_gross_cents::integer) as excess_net_cents
    from earnings.refund_shares(array(select refunded.id from refunded)) as shares
    inner join payments_earningstransaction as entries on shares.earnings_id = entries.id
    where shares.share_cents > 0
        and entries.status <> 'reversed'
        and shares.recorded_gross_cents > shares.remaining_gross_cents

),

found (kind, subject_id, practitioner_id, currency, amount_cents, detail) as (

    select
        'appointment_without_end',
        appointments.id,
        appointments.practitioner_id,
        null,
        null::bigint,
        jsonb_build_object('status', appointments.status)
    from appointments
    where appointments.status in ('confirmed', 'in_progress') and appointments.ends_at is null

    union all

    select
        'completed_before_start',
        appointments.id,
        appointments.practitioner_id,
        null,
        null,
        jsonb_build_object('start_time', appointments.start_time, 'completed_at', appointments.completed_at)
    from appointments
    where appointments.status = 'completed' and appointments.completed_at < appointments.start_time

    union all

    select
        'completed_after_canceled',
        appointments.id,
        appointments.practitioner_id,
        null,
        null,
        jsonb_build_object('canceled_at', appointments.canceled_at, 'payment_status', appointments.payment_status)
    from appointments
    where appointments.status = 'completed' and appointments.canceled_at is not null

    union all

    select
        'no_show_held',
        live_earnings.booking_id,
        min(live_earnings.practitioner_id),
        min(live_earnings.currency),
        sum(live_earnings.net_amount_cents),
        jsonb_build_object('earnings_ids', jsonb_agg(live_earnings.id order by live_earnings.id))
    from live_earnings
    where live_earnings.booking_status = 'no_show' and earnings.setting('no_show_policy') = 'hold'
    group by live_earnings.booking_id

    union all

    select
        'soft_deleted_with_earnings',
        live_earnings.booking_id,
        min(live_earnings.practitioner_id),
        min(live_earnings.currency),
        sum(live_earnings.net_amount_cents),
        jsonb_build_object('earnings_ids', jsonb_agg(live_earnings.id order by live_earnings.id))
    from live_earnings
    where live_earnings.is_deleted
    group by live_earnings.booking_id

    union all

    select
        'earned_early',
        live_earnings.id,
        live_earnings.practitioner_id,
        live_earnings.currency,
        live_earnings.net_amount_cents,
        jsonb_build_object('status', live_earnings.status, 'completed_at', live_earnings.completed_at)
    from live_earnings
    where live_earnings.booking_status = 'completed'
        and live_earnings.status in ('available', 'paid')
        and live_earnings.updated_at < live_earnings.completed_at + earnings.setting('hold')::interval

    union all

    select
        'paid_undelivered',
        live_earnings.id,
        live_earnings.practitioner_id,
        live_earnings.currency,
        live_earnings.net_amount_cents,
        jsonb_build_object('booking_id', live_earnings.booking_id, 'booking_status', live_earnings.booking_status)
    from live_earnings
    where live_earnings.status = 'paid'
        and live_earnings.booking_status not in ('completed', 'canceled', 'no_show', 'rescheduled')

    union all

    select
        'payout_incomplete',
        payouts.id,
        payouts.practitioner_id,
        payouts.currency,
        payouts.credits_payout_cents,
        jsonb_build_object('status', payouts.status)
    from payments_practitionerpayout as payouts
    where payouts.id > current_setting('earnings_migration.after_id')::bigint
        and payouts.id <= current_setting('earnings_migration.until_id')::bigint
        and (payouts.practitioner_id is null or payouts.credits_payout_cents is null)

    union all

    select
        'payout_amount_differs',
        payouts.id,
        payouts.practitioner_id,
        payouts.currency,
        payouts.credits_payout_cents,
        jsonb_build_object('payout_cents', payouts.credits_payout_cents, 'earnings_cents', paid.net_amount_cents)
    from payments_practitionerpayout as payouts
    cross join
        lateral (
            select coalesce(sum(entries.net_amount_cents), 0) as net_amount_cents
            from payments_earningstransaction as entries
            where entries.payout_id = payouts.id and entries.status = 'paid'
        ) as paid
    where payouts.id > current_setting('earnings_migration.after_id')::bigint
        and payouts.id <= current_setting('earnings_migration.until_id')::bigint
        and payouts.status in ('pending', 'processing', 'completed')
        and payouts.credits_payout_cents <> paid.net_amount_cents

    union all

    select
        'order_without_booking',
        orders.id,
        orders.practitioner_id,
        orders.currency,
        orders.total_amount_cents,
        jsonb_build_object('status', orders.status, 'order_type', orders.order_type)
    from payments_order as orders
    where orders.id > current_setting('earnings_migration.after_id')::bigint
        and orders.id <= current_setting('earnings_migration.until_id')::bigint
        and orders.status in ('completed', 'processing')
        and orders.service_id is not null
        and not exists (
            select from bookings_booking as bookings where bookings.order_id = orders.id
        )

    union all

    select
        'refund_without_amount',
        orders.id,
        orders.practitioner_id,
        orders.currency,
        null,
        '{}'
    from payments_order as orders
    where orders.id > current_setting('earnings_migration.after_id')::bigint
        and orders.id <= current_setting('earnings_migration.until_id')::bigint
        and orders.status = 'partially_refunded'
        and not exists (
            select
            from payments_usercredittransaction as credits
            where credits.order_id = orders.id and credits.transaction_type = 'refund'
        )
        and not exists (
            select
            from bookings_booking as bookings
            inner join payments_usercredittransaction as credits on bookings.id = credits.booking_id
            where bookings.order_id = orders.id and credits.transaction_type = 'refund'
        )

    union all

    select
        'refunded_before_install',
        unsettled_refunds.booking_id,
        unsettled_refunds.practitioner_id,
        unsettled_refunds.currency,
        unsettled_refunds.excess_net_cents,
        jsonb_build_object(
            'earnings_id', unsettled_refunds.earnings_id,
            'refunded_cents', unsettled_refunds.refunded_cents,
            'recorded_gross_cents', unsettled_refunds.recorded_gross_cents,
            'remaining_gross_cents', unsettled_refunds.remaining_gross_cents,
            'amount_cents', unsettled_refunds.excess_net_cents
        )
    from unsettled_refunds

    union all

    select
        'completion_record_stale',
        records.id,
        null,
        null,
        null,
        jsonb_build_object(
            'package_booking_id', records.package_booking_id,
            'completed_sessions', records.completed_sessions,
            'delivered', delivered.session_count
        )
    from package_completion_records as records
    left join purchase_bookings on records.package_booking_id = purchase_bookings.booking_id
    cross join
        lateral (
            select count(*) as session_count
            from bookings_booking as bookings
            where bookings.order_id = purchase_bookings.order_id
                and bookings.status = 'completed'
                and bookings.id <> records.package_booking_id
        ) as delivered
    where records.id > current_setting('earnings_migration.after_id')::bigint
        and records.id <= current_setting('earnings_migration.until_id')::bigint
        and records.completed_sessions <> delivered.session_count

    union all

    select
        'credit_balance_drift',
        balances.user_id,
        null,
        null,
        balances.balance_cents - sums.amount_cents,
        jsonb_build_object('cached_cents', balances.balance_cents, 'sum_cents', sums.amount_cents)
    from payments_usercreditbalance as balances
    cross join
        lateral (
            select coalesce(sum(credits.amount_cents), 0) as amount_cents
            from payments_usercredittransaction as credits
            where credits.user_id = balances.user_id
        ) as sums
    where balances.id > current_setting('earnings_migration.after_id')::bigint
        and balances.id <= current_setting('earnings_migration.until_id')::bigint
        and balances.balance_cents <> sums.amount_cents

    union all

    select
        'foreign_currency',
        practitioners.id as subject_id,
        practitioners.id as practitioner_id,
        foreign_earnings.currency,
        foreign_earnings.net_amount_cents,
        jsonb_build_object('currencies', foreign_earnings.currencies)
    from practitioners_practitioner as practitioners
    cross join
        lateral (
            select
                min(entries.currency) as currency,
                sum(entries.net_amount_cents) as net_amount_cents,
                jsonb_agg(distinct entries.currency) as currencies
            from payments_earningstransaction as entries
            where entries.practitioner_id = practitioners.id
                and entries.currency <> earnings.setting('currency')
                and entries.status <> 'reversed'
            having count(*) > 0
        ) as foreign_earnings
    where practitioners.id > current_setting('earnings_migration.after_id')::bigint
        and practitioners.id <= current_setting('earnings_migration.until_id')::bigint

    union all

    select
        'duplicate_commission_rate',
        commissions.service_type_id,
        null,
        null,
        null,
        jsonb_build_object('commission_ids', jsonb_agg(commissions.id order by commissions.id))
    from service_type_commissions as commissions
    where commissions.service_type_id > current_setting('earnings_migration.after_id')::bigint
        and commissions.service_type_id <= current_setting('earnings_migration.until_id')::bigint
        and commissions.is_active
    group by commissions.service_type_id
    having count(*) > 1

)

select
    'exceptions' as table_name,
    found.subject_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    found.practitioner_id,
    found.currency,
    found.amount_cents,
    null::jsonb as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', found.subject_id,
        'detail', found.detail,
        'proposed_action', kinds.proposed_action
    ) as after
from found
inner join exception_kinds as kinds on found.kind = kinds.kind
where not exists (
        select
        from exceptions
        where exceptions.subject_id = found.subject_id
            and exceptions.kind = found.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
